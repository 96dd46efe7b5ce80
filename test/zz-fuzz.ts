import { protect } from '#protocol/disclosure/protect.ts';
import { audit } from '#protocol/disclosure/audit.ts';
import { loadSolver } from '#node/disclosure/solver.ts';
const solve = await loadSolver();
let x=Number(process.argv[2]??1); const rnd=(m:number)=>{x=(x+0x6d2b79f5)|0;let t=Math.imul(x^(x>>>15),1|x);t=(t+Math.imul(t^(t>>>7),61|t))^t;return ((t^(t>>>14))>>>0)%m;};
const vis=['published','published','published','derived','known'] as const;
let n=0,bad=0,worst=0,lp=0; const t0=performance.now();
while(performance.now()-t0<Number(process.argv[3]??40)*1000){
 const s0=x; const cells:any[]=[],links:any[]=[]; const leaves=2+rnd(8);
 for(let i=0;i<leaves;i++){const v=rnd(3)===0?rnd(5):rnd(3)===0?rnd(2000000):rnd(40);cells.push({id:'x'+i,kind:'persons',visibility:vis[rnd(5)],n:v,value:v});}
 const m=1+rnd(7);
 for(let j=0;j<m;j++){const parts=[...new Set(Array.from({length:1+rnd(4)},()=>rnd(cells.length)))];const sum=parts.reduce((a,i)=>a+cells[i].value,0);
  const rel=rnd(6);let v=sum;let relation:any=undefined;if(rel===0){v=sum+rnd(20);relation='at-least';}else if(rel===1){v=Math.max(0,sum-rnd(10));relation='at-most';}
  const id='y'+j;cells.push({id,kind:'persons',visibility:vis[rnd(5)],n:v,value:v});links.push({total:id,parts:parts.map(i=>cells[i].id),...(relation?{relation}:{})});}
 const rule={minimumCell:[2,5,11][rnd(3)]!,showZero:rnd(2)===0};
 const t=performance.now();
 try{const r=protect({cells,links},rule,solve);lp+=r.solved;const v=audit({cells,links},r.cells,rule,solve);if(v.length){bad++;console.log('VIOL',s0,JSON.stringify(v),JSON.stringify(rule));if(bad<3)console.log(JSON.stringify({cells:cells.map(c=>[c.id,c.value,c.visibility]),links,r:r.cells}))}}
 catch(e){bad++;console.log('THROW',s0,(e as Error).message,JSON.stringify(rule));if(bad<3)console.log(JSON.stringify({cells:cells.map(c=>[c.id,c.value,c.visibility]),links}))}
 worst=Math.max(worst,performance.now()-t); n++;if(bad>5)break;
}
console.log(n,'runs',bad,'bad','worst ms',worst.toFixed(0),'lp',lp);

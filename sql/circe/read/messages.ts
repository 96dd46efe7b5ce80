/** What reading a definition finds wrong with it, and what no statement can be made of, in English and Korean. */

import type { Json } from '#sql/circe/json.ts';
import type { Message, Told } from '#sql/circe/told.ts';

/** What may stand at a place. */
export const expected = {
  object: { en: 'an object', ko: '객체' },
  list: { en: 'a list', ko: '목록' },
  integer: { en: 'a whole number of 32 bits', ko: '32비트 정수' },
  boolean: { en: 'true or false', ko: 'true 또는 false' },
  text: { en: 'a text', ko: '문자열' },
  number: { en: 'a number', ko: '숫자' },
  concept: { en: 'a concept id', ko: '개념 ID' },
} as const satisfies Readonly<Record<string, Told>>;

export const readMessages = {
  unreadable: (why: Told): Told => ({
    en: `the definition cannot be read: ${why.en}`,
    ko: `정의를 읽을 수 없음: ${why.ko}`,
  }),
  breaksOff: { en: 'not JSON: it breaks off', ko: 'JSON이 중간에 끊김' },
  notJsonAt: (character: number | string): Told => ({
    en: `not JSON at character ${character}`,
    ko: `JSON 형식이 아님(문자 위치 ${character})`,
  }),
  nestedDeep: (deepest: number): Told => ({
    en: `nested more than ${deepest} deep`,
    ko: `${deepest}단계보다 깊게 중첩됨`,
  }),
  nestedTooDeep: { en: 'nested too deep', ko: '너무 깊게 중첩됨' },
  twice: { en: 'this property stands twice', ko: '같은 속성이 두 번 나옴' },
  unknownProperty: {
    en: 'this property is not known to Circe 1.12 at this place',
    ko: 'Circe 1.12가 이 위치에서 알지 못하는 속성',
  },
  expected: (what: Told, found: Json | undefined): Told => ({
    en: `expected ${what.en}, found ${kindOf(found).en}`,
    ko: `필요한 값: ${what.ko}, 입력된 값: ${kindOf(found).ko}`,
  }),
  mostDays: (days: number): Told => ({
    en: `expected at most ${days} days, either way`,
    ko: `일수는 전후 각각 최대 ${days}일`,
  }),
  badText: {
    en: 'the text holds a NUL or a broken Unicode pair, which no database can hold',
    ko: '데이터베이스에 저장할 수 없는 문자(NUL 또는 깨진 유니코드)가 문자열에 있음',
  },
  oneOf: (words: readonly string[]): Told => ({
    en: `expected one of ${words.join(', ')}`,
    ko: `다음 중 하나여야 함: ${words.join(', ')}`,
  }),
  date: { en: 'expected a calendar date YYYY-MM-DD', ko: '달력에 있는 날짜(YYYY-MM-DD)여야 함' },
  setNeedsId: { en: 'a concept set needs an id', ko: '개념집합에는 번호(id)가 필요함' },
  conceptTooLarge: {
    en: 'expected a concept id, found a number beyond 64 bits',
    ko: '필요한 값: 개념 ID, 입력된 값: 64비트를 넘는 수',
  },
  entry: { en: 'a cohort needs entry events', ko: '코호트에는 진입 이벤트가 필요함' },
  oneEntry: {
    en: 'a cohort needs at least one entry event',
    ko: '코호트에는 진입 이벤트가 하나 이상 필요함',
  },
  ruleExpression: {
    en: 'an inclusion rule needs an expression',
    ko: '포함 규칙에는 조건식(expression)이 필요함',
  },
  endStrategy: {
    en: 'an end strategy is either DateOffset or CustomEra',
    ko: '종료 방식은 DateOffset 또는 CustomEra 중 하나여야 함',
  },
  eraDrugs: {
    en: 'a custom era needs the concept set of its drugs',
    ko: 'CustomEra 종료 방식에는 약물의 개념집합이 필요함',
  },
  oneCriterion: (found: number): Told => ({
    en: `expected exactly one criterion type, found ${found}`,
    ko: `조건 유형은 정확히 1개여야 함(현재 ${found}개)`,
  }),
  unknownCriterion: {
    en: 'this criterion type is not known to Circe 1.12',
    ko: 'Circe 1.12가 알지 못하는 조건 유형',
  },
  tooDeep: (deepest: number): Told => ({
    en: `correlated criteria are nested more than ${deepest} deep`,
    ko: `중첩 조건이 ${deepest}단계보다 깊음`,
  }),
  groupType: {
    en: 'a group says ALL, ANY, AT_LEAST or AT_MOST',
    ko: '그룹의 유형은 ALL, ANY, AT_LEAST, AT_MOST 중 하나여야 함',
  },
  groupCount: (type: string | undefined): Told => ({
    en: `${type} needs a count`,
    ko: `${type} 그룹에는 개수가 필요함`,
  }),
  correlatedCriterion: {
    en: 'a correlated criterion needs its criterion',
    ko: '연관 조건에 조건(Criteria)이 없음',
  },
  startWindow: {
    en: 'a correlated criterion needs a start window',
    ko: '연관 조건에 시작 시간 범위(StartWindow)가 없음',
  },
  occurrenceType: {
    en: 'expected 0 (exactly), 1 (at most) or 2 (at least)',
    ko: '0(정확히), 1(이하), 2(이상) 중 하나여야 함',
  },
  countFromZero: { en: 'expected a count from 0', ko: '횟수는 0 이상이어야 함' },
  coeff: { en: 'expected -1 (before) or 1 (after)', ko: '-1(이전) 또는 1(이후)이어야 함' },
  rangeValue: { en: 'the range lacks this value', ko: '범위에 이 값이 없음' },
  rangeOperator: { en: 'the range lacks its operator', ko: '범위에 연산자가 없음' },
  textOperator: { en: 'the text filter lacks its operator', ko: '문자열 조건에 연산자가 없음' },
  textMissing: { en: 'the text filter lacks its text', ko: '문자열 조건에 문자열이 없음' },
  saysNothing: {
    en: 'the attribute is there and says nothing, so it is left out',
    ko: '속성이 있으나 내용이 없어 적용하지 않음',
  },
  tooManyRules: (most: number): Told => ({
    en: `more than ${most} inclusion rules`,
    ko: `포함 규칙이 ${most}개를 넘음`,
  }),
  tooManyCriteria: (criteria: number, most: number): Told => ({
    en: `${criteria} criteria, with those of the cohorts that it names: more than ${most}`,
    ko: `조건 ${criteria}개(참조하는 코호트의 조건 포함): 최대 ${most}개를 넘음`,
  }),
  unanswerable: (reason: string): Told => {
    // A reason names what is missing as the CDM spells it.
    const [missing] = /\b[A-Z]{2,}_[A-Z_]+(\.[a-z_]+)?/.exec(reason) ?? [];
    return {
      en: reason,
      ko: `공통데이터모델 5.4에 해당 항목이 없어 답할 수 없음${missing === undefined ? '' : `: ${missing}`}`,
    };
  },
  restrictImage: {
    en: 'the same image can be asked of an image criterion about another one only',
    ko: '같은 영상 제한(RestrictImage)은 영상 조건끼리만 사용할 수 있음',
  },
  noCohortBefore: {
    en: 'no cohort before this one has that name',
    ko: '이 코호트보다 앞에 그 이름의 코호트가 없음',
  },
  noCohort: { en: 'the study has no cohort of that name', ko: '연구에 그 이름의 코호트가 없음' },
  onlyBefore: {
    en: 'a cohort may name those before it alone',
    ko: '코호트는 자신보다 앞에 있는 코호트만 참조할 수 있음',
  },
  otherCohort: {
    en: 'another cohort of this study cannot be read',
    ko: '이 연구의 다른 코호트를 읽을 수 없음',
  },
  noRule: (rule: number): Told => ({
    en: `no rule ${rule}: rules are numbered from 0`,
    ko: `없는 규칙 번호 ${rule}: 규칙 번호는 0부터 시작함`,
  }),
  noPinnedSet: (set: number): Told => ({ en: `no such concept set ${set}`, ko: `없는 개념집합 ${set}` }),
  pinnedTwice: (set: number): Told => ({
    en: `twice concept set ${set}`,
    ko: `두 번 지정된 개념집합 ${set}`,
  }),
} as const satisfies Readonly<Record<string, Message>>;

export const readRemedies = {
  spelling: {
    en: 'Remove it, or check its spelling (names are case-sensitive).',
    ko: '속성을 삭제하거나 철자를 확인하십시오(대소문자를 구분합니다).',
  },
  keepOne: { en: 'Keep the one that is meant.', ko: '의도한 것 하나만 남기십시오.' },
  known: (types: readonly string[]): Told => ({
    en: `Known are ${types.join(', ')}.`,
    ko: `사용할 수 있는 유형: ${types.join(', ')}.`,
  }),
  groupRules: {
    en: 'Put rules that belong together into one group.',
    ko: '함께 적용되는 규칙을 하나의 그룹으로 묶으십시오.',
  },
  severalCohorts: {
    en: 'Make several cohorts of it that do not name one another.',
    ko: '서로 참조하지 않는 여러 코호트로 나누십시오.',
  },
  oneStudy: {
    en: 'Put both into one study file (`cohorts`), the one that is named first.',
    ko: '두 코호트를 하나의 연구 파일(`cohorts`)에 넣고, 참조되는 코호트를 앞에 두십시오.',
  },
  removeCondition: {
    en: 'Remove this condition from the definition.',
    ko: '정의에서 이 조건을 삭제하십시오.',
  },
  restrictImage: {
    en: 'Ask it of an entry event that is an image, or in the CorrelatedCriteria of the ImageOccurrence or ImageFeature it belongs to.',
    ko: '영상인 진입 이벤트에 대해 사용하거나, 해당 ImageOccurrence 또는 ImageFeature의 CorrelatedCriteria 안에서 사용하십시오.',
  },
} as const satisfies Readonly<Record<string, Message>>;

function kindOf(value: Json | undefined): Told {
  if (value === undefined) return { en: 'nothing', ko: '없음' };
  if (value === null) return { en: 'null', ko: 'null' };
  if (Array.isArray(value)) return expected.list;
  if (typeof value === 'object') return expected.object;
  if (typeof value === 'bigint') return { en: 'a number beyond 2^53', ko: '2의 53제곱을 넘는 수' };
  if (typeof value === 'string') return expected.text;
  return typeof value === 'boolean' ? { en: 'a boolean', ko: '참/거짓 값' } : expected.number;
}

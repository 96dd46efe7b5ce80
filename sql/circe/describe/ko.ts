/** Korean, as clinical researchers write protocols: noun phrases, so that no particle depends on a name's last sound. */

import type { Bound, Language } from '#sql/circe/describe/language.ts';
import type { TextOperator } from '#sql/circe/expression.ts';

export const ko: Language = {
  code: 'ko',
  entry: '코호트 진입',
  qualifying: '진입 이벤트 추가 조건',
  rules: '포함 규칙',
  limit: '코호트 이벤트 제한',
  exit: '코호트 종료',
  eras: '코호트 기간 병합',
  conceptSets: '개념집합',
  none: '없음',
  always: '조건 없음(항상 참)',
  person: '기준 이벤트 시점의 환자:',
  first: '환자 이력상 최초 기록(다른 조건을 적용하기 전에 판정)',
  abnormal: '비정상 결과(정상 범위를 벗어나거나 비정상으로 판정된 값)',
  nested: '이 이벤트를 기준으로(이 이벤트의 날짜가 기준일)',
  sameVisit: '기준 이벤트와 같은 방문',
  sameImage: '기준 이벤트와 같은 영상 시리즈',
  outsideObservation: '관찰기간 밖의 기록도 포함',
  censoring: '조기 종료: 진입일 또는 그 이후에 다음 중 하나가 처음 시작된 날',
  noConcepts: '개념 없음',
  combination: '코호트 조합',
  entryOf: (criteria) =>
    criteria === 1 ? '다음에 해당하는 환자의 이벤트:' : '다음 중 하나에 해당하는 환자의 이벤트:',
  kept(limit, of) {
    const which = {
      entry: '위 이벤트',
      qualifying: '조건을 만족하는 이벤트',
      rules: '모든 규칙을 만족하는 이벤트',
    };
    if (limit === 'All') return `${which[of]} 중 선택: 전체`;
    return `${which[of]} 중 선택: 환자별 ${limit === 'First' ? '가장 이른' : '가장 늦은'} 1건`;
  },
  observed: (prior, post) =>
    prior === 0 && post === 0
      ? '이벤트 시작일이 관찰기간 안에 있음'
      : `이벤트 시작일 이전 ${prior}일 이상, 이후 ${post}일 이상 연속 관찰`,
  rule: (index, name) => `규칙 ${index} "${name}"`,
  group(type, count) {
    const heads = {
      ALL: '다음을 모두 만족',
      ANY: '다음 중 하나 이상 만족',
      AT_LEAST: `다음 중 ${count}개 이상 만족`,
      AT_MOST: `다음 중 ${count}개 이하 만족`,
    };
    return heads[type];
  },
  criterion: (type, set) => (set === undefined ? type : `${type}: ${set}`),
  correlated(type, set, { Type, Count, IsDistinct }, countedBy) {
    const none = Count === 0 && Type !== 2;
    const amount = none ? '없음' : [`정확히 ${Count}회`, `${Count}회 이하`, `${Count}회 이상`][Type];
    const distinct = IsDistinct ? `서로 다른 ${countedBy} 기준 ` : '';
    return `${ko.criterion(type, set)} — ${distinct}${amount}`;
  },
  window({ from, to, event, index }) {
    const what = event === 'start' ? '시작일' : '종료일';
    if (from.kind === 'observation-start' && to.kind === 'observation-end')
      return `${what}: 관찰기간 중 언제든지`;
    if (from.kind === 'none' && to.kind === 'none') return `${what}: 시점 제한 없음`;
    if (to.kind === 'none') return `${what}: ${bound(from, index)}부터`;
    if (from.kind === 'none') return `${what}: ${bound(to, index)}까지`;
    if (from.kind === 'days' && to.kind === 'days' && from.days === to.days)
      return `${what}: ${bound(from, index)}`;
    return `${what}: ${bound(from, index)}부터 ${bound(to, index)}까지`;
  },
  adjusted: ({ StartWith, StartOffset, EndWith, EndOffset }) =>
    `날짜 조정: ${shifted(StartWith, StartOffset)}부터 ${shifted(EndWith, EndOffset)}까지로 간주`,
  period: ({ StartDate, EndDate }) =>
    `사용자 지정 기간: ${StartDate ?? '원래 시작일'}부터 ${EndDate ?? '원래 종료일'}까지로 간주(원래 기간 안에 있는 경우)`,
  setName(id, name) {
    if (name === undefined) return `개념집합 ${id}(정의에 없어 비어 있음)`;
    return name === '' ? `개념집합 ${id}` : `개념집합 "${name}"`;
  },
  oneOf(attribute, concepts, exclude) {
    const one = concepts.length === 1;
    const tail = exclude ? (one ? ' 아님' : ' 중 어느 것도 아님') : one ? '' : ' 중 하나';
    return `${attribute}: ${concepts.join(', ')}${tail}`;
  },
  inSet: (attribute, set, exclude) => `${attribute}: ${set}에 ${exclude ? '속하지 않음' : '속함'}`,
  dates(attribute, { op, value, extent }) {
    if (op === 'bt') return `${attribute}: ${value}부터 ${extent}까지`;
    if (op === '!bt') return `${attribute}: ${value}부터 ${extent}까지를 벗어난 날`;
    const words = {
      lt: '이전(당일 제외)',
      lte: '이전(당일 포함)',
      eq: '당일',
      '!eq': '당일 제외',
      gt: '이후(당일 제외)',
      gte: '이후(당일 포함)',
    };
    return `${attribute}: ${value} ${words[op]}`;
  },
  numbers(attribute, { op, value, extent }) {
    if (op === 'bt') return `${attribute}: ${value} 이상 ${extent} 이하`;
    if (op === '!bt') return `${attribute}: ${value} 미만 또는 ${extent} 초과`;
    const words = { lt: ' 미만', lte: ' 이하', eq: '', '!eq': ' 아님', gt: ' 초과', gte: ' 이상' };
    return `${attribute}: ${value}${words[op]}`;
  },
  text: (attribute, { Op, Text }) => `${attribute}: "${Text}" ${textOperators[Op]}`,
  known: (attribute, known) => `${attribute}: ${known ? '아무 개념이나 기록됨' : '기록 없음'}`,
  flag: (attribute, value) => `${attribute}: ${value ? '예' : '아니요'}`,
  cohort: (attribute, name) => `${attribute}: 이 연구의 "${name}"`,
  combined(op, by) {
    const what = by === 'days' ? '날짜' : '환자';
    const which = {
      union: '다음 중 하나 이상에 속하는',
      intersect: '다음 모두에 속하는',
      minus: '다음 중 첫 번째에만 속하고 나머지에는 속하지 않는',
    };
    return `${which[op]} ${what}`;
  },
  pinned: (concepts) => `연구에서 직접 지정한 개념 ${concepts}개 사용`,
  unanswerable: (attribute) => `${attribute}: 공통데이터모델 5.4에 해당 항목이 없어 답할 수 없음`,
  endOf(strategy, drugs) {
    if (strategy === undefined) return '관찰기간 종료일';
    if (strategy.kind === 'DateOffset') {
      const from = strategy.DateField === 'StartDate' ? '이벤트 시작일' : '이벤트 종료일';
      return `${point(from, strategy.Offset)}(늦어도 관찰기간 종료일)`;
    }
    const override = strategy.DaysSupplyOverride;
    const supply = override === undefined ? '' : `노출 1건을 ${override}일로 간주, `;
    return `연속 약물 노출이 끝나는 날(늦어도 관찰기간 종료일) — ${drugs}, ${supply}각 노출 종료일에 ${strategy.Offset}일 추가, 그 뒤 간격 ${strategy.GapDays}일 이하는 연속으로 간주`;
  },
  joined: (pad) =>
    pad === 0
      ? '같은 환자의 맞닿거나 겹치는 기간은 하나로 병합'
      : `같은 환자의 기간 중 간격이 ${pad}일 이하인 것은 하나로 병합`,
  censored({ StartDate, EndDate }) {
    const sides = [
      ...(StartDate === undefined ? [] : [`${StartDate}부터`]),
      ...(EndDate === undefined ? [] : [`${EndDate}까지`]),
    ];
    return `코호트 기간 제한: ${sides.join(' ')}(벗어난 기간은 제외)`;
  },
  set: (id, name) => (name === '' ? `개념집합 ${id}` : `개념집합 ${id} "${name}"`),
  item(item, concept) {
    const more = [
      ...(item.includeDescendants ? ['하위 개념 포함'] : []),
      ...(item.includeMapped ? ['매핑된 원천 개념 포함'] : []),
    ];
    const tail = more.length === 0 ? '' : ` — ${more.join(', ')}`;
    return `${item.isExcluded ? '제외' : '포함'}: ${concept}${tail}`;
  },
};

const textOperators: Readonly<Record<TextOperator, string>> = {
  startsWith: '문구로 시작',
  '!startsWith': '문구로 시작하지 않음',
  contains: '문구 포함',
  '!contains': '문구 미포함',
  endsWith: '문구로 끝남',
  '!endsWith': '문구로 끝나지 않음',
  eq: '문구와 일치',
  '!eq': '문구와 불일치',
};

function point(date: string, count: number): string {
  if (count === 0) return `${date} 당일`;
  return `${date} ${Math.abs(count)}일 ${count < 0 ? '전' : '후'}`;
}

function bound(side: Bound, index: 'start' | 'end'): string {
  switch (side.kind) {
    case 'days':
      return point(index === 'start' ? '기준일' : '기준 이벤트 종료일', side.days);
    case 'observation-start':
      return '관찰기간 시작일';
    case 'observation-end':
      return '관찰기간 종료일';
    case 'none':
      return '제한 없음';
  }
}

function shifted(date: 'START_DATE' | 'END_DATE', count: number): string {
  return point(date === 'START_DATE' ? '원래 시작일' : '원래 종료일', count);
}

/** What checking on this hospital's CDM says, in English and Korean. */

import type { Message, Told } from '#sql/circe/told.ts';

/** Concepts in a message; the first few of many. */
export function listed(concepts: readonly number[]): Told {
  const some = concepts.slice(0, mostListed).join(', ');
  const more = concepts.length - mostListed;
  if (more <= 0) return { en: some, ko: some };
  return { en: `${some} and ${more} more`, ko: `${some} 외 ${more}개` };
}

const mostListed = 10;

interface Part {
  readonly count: number;
  readonly of: number;
  readonly set: number;
  readonly list: Told;
}

export const hereMessages = {
  absent: ({ count, of, set, list }: Part): Told => ({
    en: `${count} of ${of} concepts of set ${set} are not in this vocabulary: ${list.en}`,
    ko: `개념집합 ${set}: 개념 ${of}개 중 ${count}개가 이 용어체계(vocabulary)에 없음: ${list.ko}`,
  }),
  invalid: (concept: number, set: number, invalid: string, now: number | null): Told => ({
    en: `concept ${concept} of set ${set} is no longer valid in this vocabulary (${invalid})${now === null ? '' : `: ${now} took its place`}`,
    ko: `개념집합 ${set}의 개념 ${concept}: 이 용어체계(vocabulary)에서 더 이상 유효하지 않음(${invalid})${now === null ? '' : `, 대체 개념: ${now}`}`,
  }),
  standardAsSource: (column: string, { count, of, set, list }: Part): Told => ({
    en: `${count} of ${of} concepts of set ${set} are standard concepts, while ${column} holds those of the source vocabularies: ${list.en}`,
    ko: `개념집합 ${set}: 개념 ${of}개 중 ${count}개가 표준 개념이지만 ${column} 필드에는 원천 용어의 개념이 기록됨: ${list.ko}`,
  }),
  notStandard: (column: string, { count, of, set, list }: Part): Told => ({
    en: `${count} of ${of} concepts of set ${set} are not standard, while ${column} holds standard concepts: ${list.en}`,
    ko: `개념집합 ${set}: 개념 ${of}개 중 ${count}개가 비표준 개념이지만 ${column} 필드에는 표준 개념이 기록됨: ${list.ko}`,
  }),
  domain: (domains: string, table: string, { count, of, set, list }: Part): Told => ({
    en: `${count} of ${of} concepts of set ${set} are of the domain ${domains}, whose rows do not stand in ${table}: ${list.en}`,
    ko: `개념집합 ${set}: 개념 ${of}개 중 ${count}개의 도메인(${domains})은 ${table} 테이블에 기록되지 않음: ${list.ko}`,
  }),
  noConcept: (set: number): Told => ({
    en: `no concept of set ${set} is in this CDM's vocabulary`,
    ko: `개념집합 ${set}: 이 공통데이터모델의 용어체계(vocabulary)에 있는 개념이 하나도 없음`,
  }),
  noRow: (table: string, column: string, set: number): Told => ({
    en: `no row of ${table} has a concept of set ${set} in ${column}`,
    ko: `개념집합 ${set}: ${table} 테이블의 ${column} 필드에 이 개념이 기록된 자료가 없음`,
  }),
  unused: (place: string, { count, of, set, list }: Part): Told => ({
    en: `${count} of the ${of} concepts that set ${set} holds here stand in ${place}; of those listed neither they nor their descendants do: ${list.en}`,
    ko: `개념집합 ${set}: 여기서 해당하는 개념 ${of}개 중 ${count}개가 ${place} 필드에 기록됨. 지정한 개념 중 하위 개념까지도 기록이 없는 개념: ${list.ko}`,
  }),
  nobodyEnters: {
    en: 'nobody here has an entry event',
    ko: '이 기관에 진입 이벤트가 있는 환자가 없음',
  },
  ruleSelectsNobody: (first: number | undefined): Told => ({
    en: `${among(first).en} meets this rule`,
    ko: `${among(first).ko} 이 규칙을 충족하는 경우가 없음`,
  }),
  rulesSelectNobody: (first: number | undefined): Told => ({
    en: `${among(first).en} meets all rules together, though each is met`,
    ko: `${among(first).ko} 각 규칙은 충족되지만 모든 규칙을 함께 충족하는 경우가 없음`,
  }),
  notLooked: (why: Told): Told => ({
    en: `not looked for in the data here: ${why.en}`,
    ko: `이 기관의 자료에서 확인하지 않음: ${why.ko}`,
  }),
  timeUsedUp: {
    en: 'the time for this check was used up before',
    ko: '검사에 주어진 시간을 앞에서 모두 사용함',
  },
  tookTooLong: { en: 'it took too long', ko: '시간이 너무 오래 걸림' },
  /** The English is what was thrown. */
  tablesMissing: (en: string, tables: readonly string[]): Told => ({
    en,
    ko: `이 정의에 필요한 테이블이 없거나 읽을 수 없음: ${tables.join(', ')}`,
  }),
} as const satisfies Readonly<Record<string, Message>>;

export const hereRemedies = {
  otherVocabulary: {
    en: 'Load a vocabulary that holds them, or name others.',
    ko: '해당 개념이 있는 용어체계(vocabulary)를 적재하거나 다른 개념을 지정하십시오.',
  },
  nameConcept: (concept: number): Told => ({
    en: `Name concept ${concept}.`,
    ko: `대체 개념을 지정하십시오: ${concept}.`,
  }),
  loadVocabulary: {
    en: 'Load the vocabulary that holds them.',
    ko: '해당 개념이 있는 용어체계(vocabulary)를 적재하십시오.',
  },
  loadTable: (en: string): Told => ({
    en,
    ko: '테이블을 적재하거나(자료가 없는 기관은 빈 테이블) --schema 옵션으로 다른 스키마를 지정하십시오.',
  }),
  imagingSchema: (en: string): Told => ({
    en,
    ko: '연결된 공통데이터모델을 사용하는 경우 관리자에게 imaging 스키마의 생성과 사용 권한을 요청하십시오(docs/imaging-criteria.md 참조). 또는 영상 조건을 제외하십시오.',
  }),
} as const satisfies Readonly<Record<string, Message>>;

/** Whom was looked at: everybody, or the first so many entry events. */
function among(first: number | undefined): Told {
  if (first === undefined) return { en: 'nobody here', ko: '이 기관에는' };
  return {
    en: `none of the first ${first} entry events here`,
    ko: `이 기관의 처음 ${first}개 진입 이벤트 중에는`,
  };
}

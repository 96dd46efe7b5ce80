/**
 * What the checks say, in English and Korean: every code has its entry here (`circe-differs` in defect-messages.ts), every message both languages.
 * Korean in noun phrases, as the definition in words (describe/ko.ts); what is filled in stands where no particle follows it.
 */

import type { CheckCode } from '#sql/circe/check/codes.ts';
import { defectMessages } from '#sql/circe/check/defect-messages.ts';
import { typeWords, wordOf } from '#sql/circe/describe/words.ts';
import type { Message, Told } from '#sql/circe/told.ts';

export const messages = {
  'unused-concept-set': (set: number): Told => ({
    en: `nothing uses concept set ${set}`,
    ko: `개념집합 ${set}: 어떤 조건에서도 사용되지 않음`,
  }),
  'duplicate-concept-set': {
    same: (path: string): Told => ({
      en: `holds the same as ${path}`,
      ko: `다음 개념집합과 내용이 같음: ${path}`,
    }),
    alike: (path: string): Told => ({
      en: `lists the same concepts as ${path}, with other flags`,
      ko: `다음 개념집합과 개념 목록은 같고 설정(제외, 하위 개념, 매핑)만 다름: ${path}`,
    }),
  },
  'empty-concept-set': (set: number): Told => ({
    en: `concept set ${set} includes no concept, so nothing is in it`,
    ko: `개념집합 ${set}: 포함하는 개념이 없어 비어 있음`,
  }),
  'unknown-concept-set': (set: number): Told => ({
    en: `there is no concept set ${set}, so nothing is in it`,
    ko: `개념집합 ${set}: 정의에 없어 비어 있는 것으로 처리됨`,
  }),
  'repeated-concept-set-id': (path: string): Told => ({
    en: `${path} has this id too: the two count as one set`,
    ko: `같은 번호의 개념집합이 또 있어 하나의 집합으로 처리됨: ${path}`,
  }),
  'concept-out-of-range': {
    en: 'a concept id of CDM 5.4 is at most 2147483647: no row can have this one',
    ko: '공통데이터모델 5.4의 개념 ID는 최대 2147483647: 이 ID를 가진 기록은 있을 수 없음',
  },
  'domain-mismatch': (set: number, domains: readonly string[], type: string): Told => ({
    en: `no concept of set ${set} is of the domain ${domains.join(' or ')} that ${type} looks in`,
    ko: `개념집합 ${set}: ${wordOf(typeWords, type, 'ko')} 조건의 도메인(${domains.join(', ')})에 속하는 개념이 하나도 없음`,
  }),
  'not-standard': {
    asked: (count: number, of: number, set: number): Told => ({
      en: `${count} of ${of} concepts of set ${set} are not standard: the column holds standard concepts`,
      ko: `개념집합 ${set}: 개념 ${of}개 중 ${count}개가 비표준 개념(이 필드에는 표준 개념이 기록됨)`,
    }),
    source: (set: number): Told => ({
      en: `all concepts of set ${set} are standard: the column holds concepts of the source vocabularies`,
      ko: `개념집합 ${set}: 모든 개념이 표준 개념(이 필드에는 원천 용어의 개념이 기록됨)`,
    }),
  },
  'no-concept-set': (table: string): Told => ({
    en: `no concept set: every row of ${table} counts`,
    ko: `개념집합 없음: ${table} 테이블의 모든 기록이 해당됨`,
  }),
  'empty-value': {
    set: (without: boolean): Told => ({
      en: `no concept set is chosen: every row ${without ? 'without' : 'with'} a value passes`,
      ko: `개념집합을 선택하지 않음: 값이 ${without ? '없는' : '있는'} 모든 기록이 통과함`,
    }),
    text: { en: 'compares with an empty text', ko: '빈 문자열과 비교함' },
  },
  'empty-demographic': {
    en: 'asks nothing of the person: everybody passes',
    ko: '환자에 대한 조건이 비어 있음: 모든 환자가 통과함',
  },
  'no-record-type': (criteria: number): Told => ({
    en: `${criteria === 1 ? 'one criterion takes' : `${criteria} criteria take`} records of any type (billing, registry, notes …)`,
    ko: `기록 유형을 지정하지 않은 조건 ${criteria}개: 모든 유형의 기록(청구, 레지스트리, 의무기록 등)이 포함됨`,
  }),
  'drug-era-supply': {
    en: 'eras of drugs from claims, infusions for instance, may be wrong where the days of supply are missing',
    ko: '청구 자료의 약물(예: 주사제)은 투약 일수가 없으면 지속기간이 부정확할 수 있음',
  },
  'drug-not-in-exit': (set: number): Told => ({
    en: `people enter by the drugs of set ${set}, and the exit does not follow their exposure`,
    ko: `개념집합 ${set}: 이 약물로 코호트에 진입하지만 코호트 종료는 그 약물 노출을 따르지 않음`,
  }),
  'empty-range': {
    nothing: {
      en: 'the range begins after its end: nothing lies in it',
      ko: '범위의 시작이 끝보다 뒤에 있음: 해당하는 값이 없음',
    },
    everything: {
      en: 'the range begins after its end: everything lies outside it',
      ko: '범위의 시작이 끝보다 뒤에 있음: 모든 값이 범위 밖에 해당함',
    },
  },
  'empty-period': { en: 'the period ends before it starts', ko: '기간의 종료일이 시작일보다 앞에 있음' },
  'negative-value': {
    whole: { en: 'an age, a count or a length below zero', ko: '나이, 횟수 또는 길이가 0보다 작음' },
    value: { en: 'a value below zero', ko: '값이 0보다 작음' },
  },
  'negative-days': {
    window: {
      en: 'days are counted from zero; Coeff says before or after',
      ko: '일수는 음수일 수 없음: 이전과 이후는 Coeff로 구분함',
    },
    observation: (name: string, days: number): Told => ({
      en: `${name} is ${days}: an observation cannot be shorter than nothing`,
      ko: `${name} 값이 ${days}: 관찰 일수는 0보다 작을 수 없음`,
    }),
    exit: {
      en: 'stays may end before they start: those disappear',
      ko: '코호트 기간이 시작보다 먼저 종료될 수 있음: 그런 기간은 사라짐',
    },
    gap: { en: 'a gap between eras cannot be negative', ko: '병합할 기간 사이의 간격은 음수일 수 없음' },
  },
  'decimals-cut': {
    en: 'the decimals are cut off: this attribute is a whole number',
    ko: '정수 항목이므로 소수점 이하는 버려짐',
  },
  'dates-exclude': {
    en: 'ends before the day that it may start on at the earliest',
    ko: '종료일 조건이 시작일 조건에서 가능한 가장 이른 날보다 앞에 있음',
  },
  'contradictory-window': {
    en: 'the window begins after its end, so no event can lie in it',
    ko: '시간 범위의 시작이 끝보다 뒤에 있음: 해당하는 이벤트가 있을 수 없음',
  },
  'longer-than-observation': (
    windows: number,
    days: number,
    side: 'before' | 'after',
    observed: number,
  ): Told => {
    const who =
      windows === 1 ? `a window reaches ${days} days` : `${windows} windows reach up to ${days} days`;
    const where = side === 'before' ? '이전' : '이후';
    return {
      en: `${who} ${side === 'before' ? 'back' : 'ahead'}, while entry events need ${observed} days of observation ${side}`,
      ko: `시간 범위 ${windows}개가 기준일 ${where} 최대 ${days}일까지 걸쳐 있으나, 진입 이벤트에 요구되는 ${where} 관찰은 ${observed}일`,
    };
  },
  'unlike-window': (windows: number, others: number, day: number): Told => ({
    en: `of ${windows} windows ${others} do not begin on day ${day} of the index, as most do`,
    ko: `시간 범위 ${windows}개 중 ${others}개는 대부분의 시간 범위와 시작이 다름(대부분의 시작: ${dayInKorean(day)})`,
  }),
  'death-before-index': {
    en: 'asks for a death before the index event',
    ko: '기준 이벤트보다 앞선 사망을 요구함',
  },
  'before-first': {
    en: 'asks for an earlier event of the concept set whose first event people enter by: nobody has one',
    ko: '진입 기준이 된 최초 이벤트보다 앞선, 같은 개념집합의 이벤트를 요구함: 해당하는 환자가 있을 수 없음',
  },
  'not-first': (criteria: number): Told => ({
    en: `${criteria === 1 ? 'one criterion with a window of days takes' : `${criteria} criteria with a window of days take`} any event, not the first in the person's history`,
    ko: `일수로 시간 범위를 정한 조건 ${criteria}개: 환자 이력상 최초 기록만이 아니라 모든 이벤트가 해당됨`,
  }),
  'incomplete-rule': {
    en: 'the rule has no criteria: everybody passes',
    ko: '규칙에 조건이 없음: 모두 통과함',
  },
  'rule-name': {
    none: { en: 'the rule has no name', ko: '규칙에 이름이 없음' },
    same: (path: string): Told => ({
      en: `${path} has the same name`,
      ko: `다음 규칙과 이름이 같음: ${path}`,
    }),
  },
  'empty-group': { en: 'the group has no criteria: it is always true', ko: '그룹에 조건이 없음: 항상 참' },
  'counts-nothing': {
    zero: { en: 'at least 0 is true of everybody', ko: '0회 이상이라는 조건은 항상 참' },
    group: { en: 'this count is true of everybody', ko: '이 개수 조건은 항상 참' },
  },
  'needless-distinct': {
    en: 'one distinct value is one value',
    ko: '서로 다른 값 1개는 값 1개와 같음: 서로 다른 값만 셀 필요가 없음',
  },
  'impossible-count': (count: number, size: number): Told => ({
    en: `at least ${count} of ${size} criteria: nobody can pass`,
    ko: `조건 ${size}개 중 ${count}개 이상: 아무도 충족할 수 없음`,
  }),
  'never-satisfied': {
    entry: (set: number): Told => ({
      en: `finds no entry event: nothing is in concept set ${set}`,
      ko: `개념집합 ${set}: 비어 있어 진입 이벤트를 찾을 수 없음`,
    }),
    censoring: (set: number): Told => ({
      en: `ends no stay: nothing is in concept set ${set}`,
      ko: `개념집합 ${set}: 비어 있어 어떤 코호트 기간도 종료시킬 수 없음`,
    }),
    asked: (set: number): Told => ({
      en: `can never be met: nothing is in concept set ${set}`,
      ko: `개념집합 ${set}: 비어 있어 조건이 충족될 수 없음`,
    }),
  },
  contradiction: {
    sure: (path: string): Told => ({
      en: `cannot hold together with ${path}`,
      ko: `다음 조건과 동시에 성립할 수 없음: ${path}`,
    }),
    doubtful: (path: string): Told => ({
      en: `may contradict ${path}, which asks the same concept set in another way`,
      ko: `같은 개념집합을 달리 묻는 다음 조건과 모순될 수 있음: ${path}`,
    }),
  },
  'duplicate-criterion': {
    same: (path: string): Told => ({
      en: `says the same as ${path}`,
      ko: `다음 조건과 내용이 같음: ${path}`,
    }),
    alike: (path: string, more: number): Told => ({
      en: `asks the same concept set as ${path}${more === 0 ? '' : ` (and ${more} more)`}`,
      ko: `다음 조건과 같은 개념집합을 사용함: ${path}${more === 0 ? '' : ` (외 ${more}개)`}`,
    }),
  },
  'no-exit': {
    all: {
      en: 'all events are kept and none has an exit: every stay lasts to the end of observation',
      ko: '모든 이벤트가 유지되고 종료 조건이 없음: 모든 코호트 기간이 관찰기간 종료일까지 이어짐',
    },
    one: {
      en: 'no exit is chosen: every stay lasts to the end of observation',
      ko: '종료 조건을 선택하지 않음: 모든 코호트 기간이 관찰기간 종료일까지 이어짐',
    },
  },
  'zero-offset': {
    en: 'every stay lasts zero days (it ends on its start)',
    ko: '모든 코호트 기간이 0일임(시작한 날에 종료됨)',
  },
  'limit-without-effect': (before: string, limit: string): Told => ({
    en: `the limit ${before} before it leaves one event a person: ${limit} chooses nothing more`,
    ko: `앞선 제한(${before})에서 이미 환자별 1건만 남음: 이 제한(${limit})은 영향이 없음`,
  }),
  'circe-differs': defectMessages,
} as const satisfies Readonly<Record<CheckCode, Message | Readonly<Record<string, Message>>>>;

/** What to do about it, for the codes whose message alone does not tell. */
export const remedies = {
  addSet: {
    en: 'Add the concept set, or name another one.',
    ko: '개념집합을 추가하거나 다른 개념집합을 지정하십시오.',
  },
  chooseExit: {
    en: 'Choose a cohort exit, or limit the cohort to one event a person.',
    ko: '코호트 종료 조건을 선택하거나 환자별 이벤트를 1건으로 제한하십시오.',
  },
  parity: {
    en: 'Use --circe-parity to match a cohort that Circe generated.',
    ko: 'Circe가 생성한 코호트와 일치시키려면 --circe-parity 옵션을 사용하십시오.',
  },
  noParity: {
    en: 'Circe gives no result here, so there is nothing to match.',
    ko: '이 부분에서는 Circe가 결과를 내지 못하므로 일치시킬 대상이 없습니다.',
  },
} as const satisfies Readonly<Record<string, Told>>;

function dayInKorean(day: number): string {
  if (day === 0) return '기준일 당일';
  return `기준일 ${Math.abs(day)}일 ${day < 0 ? '전' : '후'}`;
}

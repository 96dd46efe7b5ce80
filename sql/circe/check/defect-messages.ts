/** What `circe-differs` says: where Circe 1.12 fails, or asks something else than the definition says. */

import type { Message, Told } from '#sql/circe/told.ts';

export const defectMessages = {
  startDate: { en: 'Circe tests the start date here', ko: 'Circe는 여기서 시작일을 검사함' },
  gapByLength: {
    en: 'Circe tests the gap days by the range of EraLength',
    ko: 'Circe는 공백 일수를 EraLength의 범위로 검사함',
  },
  gapAlone: {
    en: 'Circe cannot compile GapDays without EraLength',
    ko: 'Circe는 EraLength 없이 GapDays만 있으면 컴파일하지 못함',
  },
  abnormal: {
    en: 'Circe gives an SQL error unless ValueAsConcept is asked too',
    ko: 'Circe는 ValueAsConcept 조건이 함께 있지 않으면 SQL 오류를 냄',
  },
  ageAtEnd: { en: 'Circe takes the age at the end here', ko: 'Circe는 여기서 종료일 나이를 사용함' },
  unread: {
    en: 'Circe drops this attribute without a word',
    ko: 'Circe는 이 속성을 아무 알림 없이 무시함',
  },
  unreadExclude: (name: string): Told => ({
    en: `Circe drops ${name}: it asks for these concepts`,
    ko: `Circe는 제외 설정(${name})을 무시하고 오히려 이 개념들을 요구함`,
  }),
  notAdjusted: { en: 'Circe does not adjust these dates', ko: 'Circe는 이 날짜들을 조정하지 않음' },
  adjustedFromItself: {
    en: 'Circe adjusts each date from itself here, whatever StartWith and EndWith say',
    ko: 'Circe는 여기서 StartWith, EndWith 설정과 관계없이 각 날짜를 그 날짜 자신을 기준으로 조정함',
  },
  gender: {
    en: 'Circe tests the gender here (up to 1.12.1)',
    ko: 'Circe는 여기서 성별을 검사함(1.12.1까지)',
  },
  uncompiled: (column: string, type: string): Told => ({
    en: `Circe cannot compile a distinct count of ${column} for ${type}`,
    ko: `Circe는 이 조건(${type})에서 서로 다른 값의 횟수(${column} 기준)를 컴파일하지 못함`,
  }),
  payer: {
    en: 'Circe gives an SQL error on a distinct count of payers unless PayerConcept is asked',
    ko: 'Circe는 PayerConcept 조건이 없으면 서로 다른 보험자 수를 셀 때 SQL 오류를 냄',
  },
  visitDetail: {
    en: 'Circe gives an SQL error on a distinct count of visit details',
    ko: 'Circe는 서로 다른 방문 상세의 수를 셀 때 SQL 오류를 냄',
  },
  nested: (column: string): Told => ({
    en: `Circe gives an SQL error on a distinct count of ${column} with nested criteria`,
    ko: `Circe는 중첩 조건이 있을 때 서로 다른 값의 횟수(${column} 기준)를 세면 SQL 오류를 냄`,
  }),
} as const satisfies Readonly<Record<string, Message>>;

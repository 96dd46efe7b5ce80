/**
 * The words for what definitions are made of, in every language: a new criterion type, attribute or count needs one line
 * here. `…CS` and `…Exclude` share the word of their attribute; `Type.Attribute` stands before the attribute alone.
 */

export type LanguageCode = 'en' | 'ko';

type Words = Readonly<Record<string, Readonly<Record<LanguageCode, string>>>>;

/** English plurals are made with an s (en.ts). */
export const typeWords: Words = {
  CohortMembership: { en: 'stay in another cohort', ko: '다른 코호트 소속' },
  ConditionEra: { en: 'condition era', ko: '질환 지속기간' },
  ConditionOccurrence: { en: 'condition occurrence', ko: '질환 발생' },
  Death: { en: 'death', ko: '사망' },
  DeviceExposure: { en: 'device exposure', ko: '의료기기 사용' },
  DoseEra: { en: 'dose era', ko: '동일 용량 지속기간' },
  DrugEra: { en: 'drug era', ko: '약물 지속기간' },
  DrugExposure: { en: 'drug exposure', ko: '약물 노출' },
  ImageFeature: { en: 'image feature', ko: '영상 소견' },
  ImageOccurrence: { en: 'image series', ko: '영상 시리즈' },
  LocationRegion: { en: 'residence', ko: '거주 지역' },
  Measurement: { en: 'measurement', ko: '검사 측정' },
  Observation: { en: 'observation', ko: '관찰 기록' },
  ObservationPeriod: { en: 'observation period', ko: '관찰기간' },
  PayerPlanPeriod: { en: 'payer plan period', ko: '보험 가입기간' },
  ProcedureOccurrence: { en: 'procedure occurrence', ko: '시술 발생' },
  Specimen: { en: 'specimen', ko: '검체' },
  VisitDetail: { en: 'visit detail', ko: '방문 상세' },
  VisitOccurrence: { en: 'visit', ko: '방문' },
};

export const attributeWords: Words = {
  Age: { en: 'age at the start', ko: '시작일 나이' },
  AgeAtEnd: { en: 'age at the end', ko: '종료일 나이' },
  AgeAtStart: { en: 'age at the start', ko: '시작일 나이' },
  Algorithm: { en: 'algorithm', ko: '알고리즘' },
  AnatomicSite: { en: 'anatomic site', ko: '해부학적 부위' },
  CodesetId: { en: 'concept', ko: '개념' },
  Cohort: { en: 'cohort', ko: '코호트' },
  Columns: { en: 'image columns', ko: '영상 열 수' },
  ConditionSourceConcept: { en: 'condition source concept', ko: '질환 원천 개념' },
  ConditionStatus: { en: 'condition status', ko: '질환 상태' },
  ConditionType: { en: 'condition record type', ko: '질환 기록 유형' },
  Contrast: { en: 'contrast', ko: '조영제 사용' },
  ContrastAgent: { en: 'contrast agent', ko: '조영제 종류' },
  DaysSupply: { en: 'days of supply', ko: '투약 일수' },
  DeathSourceConcept: { en: 'source concept of the cause of death', ko: '사망 원인 원천 개념' },
  DeathType: { en: 'death record type', ko: '사망 기록 유형' },
  DeviceSourceConcept: { en: 'device source concept', ko: '의료기기 원천 개념' },
  DeviceType: { en: 'device record type', ko: '의료기기 기록 유형' },
  DiseaseStatus: { en: 'disease status', ko: '질병 상태' },
  DoseUnit: { en: 'dose unit', ko: '용량 단위' },
  DoseValue: { en: 'dose', ko: '용량' },
  DrugSourceConcept: { en: 'drug source concept', ko: '약물 원천 개념' },
  DrugType: { en: 'drug record type', ko: '약물 기록 유형' },
  EffectiveDrugDose: { en: 'effective drug dose', ko: '유효 약물 용량' },
  EndDate: { en: 'end date', ko: '종료일' },
  EraEndDate: { en: 'end date of the era', ko: '지속기간 종료일' },
  EraLength: { en: 'length of the era in days', ko: '지속기간 길이(일)' },
  EraStartDate: { en: 'start date of the era', ko: '지속기간 시작일' },
  Ethnicity: { en: 'ethnicity', ko: '민족' },
  FeatureType: { en: 'feature record type', ko: '영상 소견 기록 유형' },
  Finding: { en: 'finding', ko: '판독 소견' },
  GapDays: { en: 'gap days', ko: '공백 일수' },
  Gender: { en: 'sex', ko: '성별' },
  KVP: { en: 'tube voltage in kV', ko: '관전압(킬로볼트)' },
  LotNumber: { en: 'lot number', ko: '제조번호' },
  MagneticFieldStrength: { en: 'magnetic field strength in tesla', ko: '자기장 세기(테슬라)' },
  Manufacturer: { en: 'manufacturer', ko: '장비 제조사' },
  MeasurementSourceConcept: { en: 'measurement source concept', ko: '검사 원천 개념' },
  MeasurementType: { en: 'measurement record type', ko: '검사 기록 유형' },
  ModalitySourceConcept: { en: 'modality source concept', ko: '영상 검사 종류 원천 개념' },
  Model: { en: 'model', ko: '장비 모델' },
  MembershipLength: { en: 'length of the stay in days', ko: '소속 기간 길이(일)' },
  Modifier: { en: 'modifier', ko: '수식어' },
  ObservationSourceConcept: { en: 'observation source concept', ko: '관찰 원천 개념' },
  ObservationType: { en: 'observation record type', ko: '관찰 기록 유형' },
  OccurrenceCount: { en: 'number of occurrences in the era', ko: '지속기간 내 발생 횟수' },
  OccurrenceEndDate: { en: 'end date', ko: '종료일' },
  OccurrenceStartDate: { en: 'start date', ko: '시작일' },
  Operator: { en: 'operator of the value', ko: '값의 연산자' },
  PayerConcept: { en: 'payer', ko: '보험자' },
  PayerSourceConcept: { en: 'payer source concept', ko: '보험자 원천 개념' },
  PeriodEndDate: { en: 'end date of the period', ko: '기간 종료일' },
  PeriodLength: { en: 'length of the period in days', ko: '기간 길이(일)' },
  PeriodStartDate: { en: 'start date of the period', ko: '기간 시작일' },
  PeriodType: { en: 'period type', ko: '기간 유형' },
  Phase: { en: 'phase', ko: '조영 시기' },
  PlaceOfService: { en: 'place of service', ko: '진료 장소' },
  PlaceOfServiceLocation: { en: 'location of the place of service', ko: '진료 장소의 지역' },
  PlanConcept: { en: 'plan', ko: '보험 상품' },
  PlanSourceConcept: { en: 'plan source concept', ko: '보험 상품 원천 개념' },
  Plane: { en: 'plane', ko: '영상 단면' },
  ProcedureSourceConcept: { en: 'procedure source concept', ko: '시술 원천 개념' },
  ProcedureType: { en: 'procedure record type', ko: '시술 기록 유형' },
  ProtocolName: { en: 'protocol name', ko: '프로토콜 이름' },
  ProviderSpecialty: { en: 'specialty of the provider', ko: '의료진 전문과목' },
  Qualifier: { en: 'qualifier', ko: '한정어' },
  QualityVerdict: { en: 'quality verdict', ko: '영상 품질 판정' },
  Quantity: { en: 'quantity', ko: '수량' },
  Race: { en: 'race', ko: '인종' },
  RangeHigh: { en: 'upper limit of normal', ko: '정상 상한' },
  RangeHighRatio: { en: 'value divided by the upper limit of normal', ko: '정상 상한 대비 값의 비' },
  RangeLow: { en: 'lower limit of normal', ko: '정상 하한' },
  RangeLowRatio: { en: 'value divided by the lower limit of normal', ko: '정상 하한 대비 값의 비' },
  Refills: { en: 'refills', ko: '재처방 횟수' },
  RouteConcept: { en: 'route', ko: '투여 경로' },
  Rows: { en: 'image rows', ko: '영상 행 수' },
  SeriesDescription: { en: 'series description', ko: '시리즈 설명' },
  SliceCount: { en: 'number of slices', ko: '슬라이스 수' },
  SliceThickness: { en: 'slice thickness in mm', ko: '슬라이스 두께(밀리미터)' },
  SourceId: { en: 'source id of the specimen', ko: '검체 원천 식별자' },
  SpecimenSourceConcept: { en: 'specimen source concept', ko: '검체 원천 개념' },
  SpecimenType: { en: 'specimen record type', ko: '검체 기록 유형' },
  SponsorConcept: { en: 'sponsor', ko: '보험 후원자' },
  SponsorSourceConcept: { en: 'sponsor source concept', ko: '보험 후원자 원천 개념' },
  StartDate: { en: 'start date', ko: '시작일' },
  StopReason: { en: 'reason for stopping', ko: '중단 사유' },
  StopReasonConcept: { en: 'reason for the end of the plan', ko: '보험 종료 사유' },
  StopReasonSourceConcept: {
    en: 'source concept of the reason for the end of the plan',
    ko: '보험 종료 사유 원천 개념',
  },
  UniqueDeviceId: { en: 'unique device id', ko: '의료기기 고유식별자' },
  Unit: { en: 'unit', ko: '단위' },
  ValueAsConcept: { en: 'value as a concept', ko: '결과 개념' },
  ValueAsNumber: { en: 'value as a number', ko: '결과 수치' },
  ValueAsString: { en: 'value as text', ko: '결과 문자열' },
  VisitDetailEndDate: { en: 'end date', ko: '종료일' },
  VisitDetailLength: { en: 'length in days', ko: '길이(일)' },
  VisitDetailSourceConcept: { en: 'visit detail source concept', ko: '방문 상세 원천 개념' },
  VisitDetailStartDate: { en: 'start date', ko: '시작일' },
  VisitDetailType: { en: 'visit detail record type', ko: '방문 상세 기록 유형' },
  VisitLength: { en: 'length in days', ko: '길이(일)' },
  VisitSourceConcept: { en: 'visit source concept', ko: '방문 원천 개념' },
  VisitType: { en: 'kind of the visit', ko: '방문 구분' },
  'VisitOccurrence.VisitType': { en: 'visit record type', ko: '방문 기록 유형' },
};

/** What distinct events may be counted by (`Occurrence.CountColumn`). */
export const countWords: Words = {
  ANATOMIC_SITE: { en: 'anatomic site', ko: '해부학적 부위' },
  DAYS_SUPPLY: { en: 'days of supply', ko: '투약 일수' },
  DOMAIN_CONCEPT: { en: 'concept', ko: '개념' },
  DURATION: { en: 'length', ko: '길이' },
  END_DATE: { en: 'end date', ko: '종료일' },
  ERA_OCCURRENCES: { en: 'number of occurrences in the era', ko: '지속기간 내 발생 횟수' },
  FINDING: { en: 'finding', ko: '판독 소견' },
  GAP_DAYS: { en: 'gap days', ko: '공백 일수' },
  IMAGE: { en: 'image series', ko: '영상 시리즈' },
  MODALITY: { en: 'modality', ko: '영상 검사 종류' },
  QUANTITY: { en: 'quantity', ko: '수량' },
  RANGE_HIGH: { en: 'upper limit of normal', ko: '정상 상한' },
  RANGE_LOW: { en: 'lower limit of normal', ko: '정상 하한' },
  REFILLS: { en: 'refills', ko: '재처방 횟수' },
  START_DATE: { en: 'start date', ko: '시작일' },
  STUDY: { en: 'imaging study', ko: '영상 검사' },
  UNIT: { en: 'unit', ko: '단위' },
  VALUE_AS_NUMBER: { en: 'value as a number', ko: '결과 수치' },
  VISIT_DETAIL_ID: { en: 'visit detail', ko: '방문 상세' },
  VISIT_ID: { en: 'visit', ko: '방문' },
};

/** The word of a table; OHDSI's own name, spaced, where the table lacks it. */
export function wordOf(words: Words, name: string, language: LanguageCode): string {
  return (
    words[name]?.[language] ??
    name
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .replaceAll('_', ' ')
      .toLowerCase()
  );
}

/** The word of an attribute of a criterion type (or of `DemographicCriteria`). */
export function attributeWord(type: string, name: string, language: LanguageCode): string {
  const own = `${type}.${name}`;
  if (Object.hasOwn(attributeWords, own)) return wordOf(attributeWords, own, language);
  const base = name.replace(/(CS|Exclude)$/, '');
  const known = Object.hasOwn(attributeWords, name) ? name : base;
  const ownBase = `${type}.${base}`;
  return wordOf(attributeWords, Object.hasOwn(attributeWords, ownBase) ? ownBase : known, language);
}

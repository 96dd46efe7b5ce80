// breach: law-6-environment
export const reader = (): string | undefined => process.env.MOIM_CDM_URL;

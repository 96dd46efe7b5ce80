// Clean: what tests share.
export const seen = new Set<string>();

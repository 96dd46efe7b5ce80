// breach: house-file-name
export const audit = 1;

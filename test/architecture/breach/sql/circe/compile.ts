// breach: law-2-input-output
export const compile = async (url: string): Promise<unknown> => fetch(url);

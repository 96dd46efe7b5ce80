// breach: error-code-unused
// breach: error-codes-on-the-wire
const rows = {
  'wire-1': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-2': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-3': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-4': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-5': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-6': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-7': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-8': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-9': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-10': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-11': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-12': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-13': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-14': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-15': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-16': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-17': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-18': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-19': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-20': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'wire-21': { text: 'Coarse.', http: 400, exit: 3, remedy: 'None.', wire: true },
  'never-thrown': { text: 'Unused.', http: 400, exit: 3, remedy: 'None.' },
} as const;

export type ErrorCode = keyof typeof rows;

export class MoimError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode) {
    super(rows[code].text);
    this.code = code;
  }
}

/** Who asked for an act that is put on record: a token of the API, or nobody where it was the hub's own command line. */
export const asked = (by: string | undefined) => (by === undefined ? {} : { by });

// Clean: a table of the hub.
export interface SiteRow {
  readonly slug: string;
}

// breach: law-4-hub-tables-only
import type { SiteRow } from '#sql/tables/site.ts';

export const slug = (row: SiteRow): string => row.slug;

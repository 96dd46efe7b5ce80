// Clean: the hub pools and keeps its own tables.
import type { Expression } from '#sql/circe/expression.ts';
import type { SiteRow } from '#sql/tables/site.ts';

export const hub = (expression: Expression, site: SiteRow): unknown => [expression, site];

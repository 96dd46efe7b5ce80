import type { CellKind, PooledCell, ReleasedCell } from '../cell.ts';
import { MoimError } from '../errors.ts';

export interface SiteCells {
  readonly site: string;
  readonly cells: readonly ReleasedCell[];
}

/**
 * Adds up what the sites released, cell by cell, in the order the cells are first met. Counts are person-records over
 * sites: one patient may visit two. A cell that a site lacks, could not make (`error`) or does not have
 * (`not-applicable`) adds nothing, and `sites` counts only those that contributed: read it as "9 of 12" beside `of`,
 * the number of sites asked.
 * @throws MoimError `bad-input` where a site answers twice, more sites answer than were asked, sites disagree on what a
 * cell counts, a cell comes twice from a site, or a number is no count.
 */
export function pool(sites: readonly SiteCells[], { of }: { readonly of: number }): PooledCell[] {
  if (new Set(sites.map(({ site }) => site)).size !== sites.length) refuse('a site answers twice');
  if (sites.length > of) refuse('more sites answer than were asked');
  const byId = new Map<string, ReleasedCell[]>();
  for (const { site, cells } of sites) {
    const seen = new Set<string>();
    for (const cell of cells) {
      if (seen.has(cell.id)) refuse(`site ${site} gives cell ${cell.id} twice`);
      seen.add(cell.id);
      if (!isSound(cell)) refuse(`site ${site} gives cell ${cell.id} a number that is no count`);
      const parts = byId.get(cell.id);
      if (parts === undefined) byId.set(cell.id, [cell]);
      else if (parts[0]!.kind !== cell.kind) refuse(`sites disagree on what cell ${cell.id} counts`);
      else parts.push(cell);
    }
  }
  return [...byId].map(([id, parts]) => add(id, parts[0]!.kind, parts));
}

function add(id: string, kind: CellKind, parts: readonly ReleasedCell[]): PooledCell {
  let [low, high, sites, suppressed, values] = [0, 0, 0, 0, 0];
  for (const part of parts) {
    switch (part.state) {
      case 'value':
      case 'zero':
        low += part.value;
        high += part.value;
        sites++;
        if (part.value > 0) values++;
        break;
      case 'suppressed':
        low += part.low;
        high += part.high;
        sites++;
        suppressed++;
        break;
      case 'not-applicable':
      case 'error':
        break;
    }
  }
  if (sites === 0)
    return {
      id,
      kind,
      sites,
      state: parts.some((part) => part.state === 'error') ? 'error' : 'not-applicable',
    };
  if (suppressed > 0) return { id, kind, sites, state: values > 0 ? 'range' : 'suppressed', low, high };
  return low === 0
    ? { id, kind, sites, state: 'zero', value: 0 }
    : { id, kind, sites, state: 'value', value: low };
}

function isSound(cell: ReleasedCell): boolean {
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  switch (cell.state) {
    case 'value':
    case 'zero':
      return isCount(cell.value) && (cell.state === 'value' || cell.value === 0);
    case 'suppressed':
      return isCount(cell.low) && isCount(cell.high) && cell.low <= cell.high;
    case 'not-applicable':
    case 'error':
      return true;
  }
}

function refuse(detail: string): never {
  throw new MoimError('bad-input', detail);
}

/**
 * The one result shape. An analysis produces raw cells and the linear links between them; disclosure control turns them
 * into released cells; pooling adds released cells over sites. Nothing here knows what an analysis counts.
 */

/** What the number counts. Thresholds are always on persons (`n`), whatever the kind. */
export type CellKind = 'persons' | 'rows';

/**
 * Who can learn the exact number without disclosure control's help.
 * - `published`: it will be sent (or withheld) as a cell of the answer.
 * - `derived`: never sent, but a reader can compute it from published cells (a complement, the step between two
 *   successive attrition counts): it must be protected as if it were published.
 * - `known`: never sent, and assumed to be public (the number of persons a hospital holds).
 */
export type CellVisibility = 'published' | 'derived' | 'known';

/** A cell before disclosure control. It never leaves the hospital. */
export interface RawCell {
  readonly id: string;
  readonly kind: CellKind;
  readonly visibility: CellVisibility;
  /** Distinct persons behind the number: the threshold is on this. For kind `persons` it equals `value`. */
  readonly n: number;
  readonly value: number;
  /** How much a reader would miss it, against 1 for any other (above 0, at most 1000): dearer cells are withheld later. */
  readonly weight?: number;
}

/**
 * total = Σ parts, by cell id. Every identity a reader could use for subtraction must be given as a link, and so must
 * every inequality a reader can count on: rows ≥ persons (`at-least`), persons ≤ Σ of overlapping groups (`at-most`).
 */
export interface Link {
  readonly total: string;
  readonly parts: readonly string[];
  /** total `equal` to (the default), `at-least` or `at-most` Σ parts. */
  readonly relation?: 'equal' | 'at-least' | 'at-most';
}

export interface RawCells {
  readonly cells: readonly RawCell[];
  readonly links: readonly Link[];
}

/** A cell as it leaves a hospital. A suppressed cell does not say whether it was small itself or hides a small neighbour. */
export type ReleasedCell =
  | { readonly id: string; readonly kind: CellKind; readonly state: 'value'; readonly value: number }
  | { readonly id: string; readonly kind: CellKind; readonly state: 'zero'; readonly value: 0 }
  | {
      readonly id: string;
      readonly kind: CellKind;
      readonly state: 'suppressed';
      readonly low: number;
      readonly high: number;
    }
  | { readonly id: string; readonly kind: CellKind; readonly state: 'not-applicable' }
  | { readonly id: string; readonly kind: CellKind; readonly state: 'error' };

/**
 * A cell pooled over sites. `value` and `zero` are exact sums of what the sites released; `range` stands where a part
 * was suppressed; `suppressed` where every part that is not zero was. It always says how many sites it stands on.
 */
export type PooledCell = (
  | { readonly state: 'value'; readonly value: number }
  | { readonly state: 'zero'; readonly value: 0 }
  | { readonly state: 'range'; readonly low: number; readonly high: number }
  | { readonly state: 'suppressed'; readonly low: number; readonly high: number }
  | { readonly state: 'not-applicable' }
  | { readonly state: 'error' }
) & { readonly id: string; readonly kind: CellKind; readonly sites: number };

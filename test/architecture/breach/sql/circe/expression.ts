// Clean: the centre may read an expression.
export interface Expression {
  readonly conceptSets: readonly number[];
}

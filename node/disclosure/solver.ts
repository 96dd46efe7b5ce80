/** The linear solver of disclosure control: HiGHS, compiled to WebAssembly. */

import loadHighs, { type Highs } from 'highs';
import type { LinearAnswer, LinearProgram, LinearSolver, OpenProgram } from '#protocol/disclosure/linear.ts';

/** Loads HiGHS (some 50 ms). The caller keeps what it gets: one solver serves every release of a process. */
export async function loadSolver(): Promise<LinearSolver> {
  // The package types its default export as CommonJS has it; what Node imports is its ES module, the function itself.
  const load = loadHighs as unknown as typeof loadHighs.default;
  const highs = await load();
  return (program) => openProgram(highs, program);
}

function openProgram(highs: Highs, program: LinearProgram): OpenProgram {
  const columns = program.low.length;
  const starts = [0];
  for (const row of program.rows) starts.push(starts.at(-1)! + row.columns.length);
  const model = highs.createModel({
    numCols: columns,
    numRows: program.rows.length,
    colCost: new Float64Array(columns),
    colLower: Float64Array.from(program.low),
    colUpper: Float64Array.from(program.high),
    rowLower: Float64Array.from(program.rows, (row) => row.low),
    rowUpper: Float64Array.from(program.rows, (row) => row.high),
    matrix: {
      format: 'csr',
      numRows: program.rows.length,
      numCols: columns,
      starts: Int32Array.from(starts),
      indices: Int32Array.from(program.rows.flatMap((row) => row.columns)),
      values: Float64Array.from(program.rows.flatMap((row) => row.factors)),
    },
  });
  // Simplex without presolve starts from the last basis: of one program only bounds and costs change. The gaps make a
  // whole-number optimum exact. Iterations and nodes are the backstop, not time: the same input gives the same answer.
  const { raw } = model;
  model.options.set({
    output_flag: false,
    presolve: 'off',
    solver: 'choose',
    mip_rel_gap: 0,
    mip_abs_gap: 0.5,
  });
  model.options.set({ simplex_iteration_limit: 200_000, mip_max_nodes: 20_000 });
  const { integer } = highs.constants.variableType;
  const { optimal, infeasible } = highs.constants.modelStatus;
  const all = { kind: 'range', from: 0, to: columns - 1 } as const;

  return {
    bound(column, low, high) {
      model.changeColBounds(column, low, high);
    },
    minimize(costs, whole): LinearAnswer {
      try {
        const dense = new Float64Array(columns);
        for (const [column, cost] of costs) dense[column] = cost;
        model.changeColsCost(all, dense);
        if (whole) model.changeColsIntegrality(all, new Int32Array(columns).fill(integer));
        raw.run();
        const status = raw.getModelStatus();
        if (status === infeasible) return { kind: 'infeasible' };
        return status === optimal
          ? { kind: 'optimal', point: model.getSolution().colValue }
          : { kind: 'failed' };
      } catch {
        return { kind: 'failed' };
      } finally {
        if (whole) model.clearIntegrality();
      }
    },
    close() {
      model.dispose();
    },
  };
}

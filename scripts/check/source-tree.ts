/** Reads the code of a tree: which files there are, and each as a syntax tree of the TypeScript 6 API. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** One file of code. */
export interface Source {
  /** Path relative to the root of the tree, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

const skipped = new Set(['node_modules', '.git', '.cache', '.moim', 'coverage']);
const breachTree = 'test/architecture/breach';

/**
 * All files of a tree, relative to `root`, sorted; installed packages, caches and the tree of planted breaches apart.
 * `root` may be the tree of planted breaches itself.
 */
export function treeFiles(root: string): readonly string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name) && path !== breachTree) walk(path);
      } else if (entry.isFile()) found.push(path);
    }
  };
  walk('');
  return found.sort();
}

/** Every `.ts`, `.tsx` and `.mjs` file of a tree, parsed. Files whose name starts with a dot are the tools' own. */
export function readSources(root: string): readonly Source[] {
  return treeFiles(root)
    .filter((path) => /\.(ts|tsx|mjs)$/.test(path) && !/(^|\/)\.[^/]*$/.test(path))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true) };
    });
}

/** Line of a node, counted from 1. */
export function lineOf(source: Source, node: ts.Node): number {
  return source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1;
}

/** Calls `visit` with every node of a file, parents first. */
export function eachNode(source: Source, visit: (node: ts.Node) => void): void {
  const walk = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, walk);
  };
  walk(source.tree);
}

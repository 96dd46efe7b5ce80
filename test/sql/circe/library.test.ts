/** The compiler as a library: it stands alone, and every example of its page runs and prints what the page says. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { temporaryHome } from '#test/support/temporary-home.ts';

const root = join(import.meta.dirname, '../../..');
const face = join(root, 'sql/circe.ts');

/** What a file imports, types included, as written. */
function importsOf(text: string): readonly string[] {
  const tree = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const names =
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined
        ? [node.moduleSpecifier]
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? [...node.arguments]
          : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
            ? [node.argument.literal]
            : [];
    for (const name of names) found.push(ts.isStringLiteral(name) ? name.text : 'computed');
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** Imports, over all files reached, that leave sql/; `read` gives the text of a file of the project. */
function strays(entries: readonly string[], text: (file: string) => string): readonly string[] {
  const seen = new Set<string>(entries);
  const out: string[] = [];
  for (const file of seen)
    for (const name of importsOf(text(file))) {
      if (/^#sql\/[a-z0-9/-]+\.ts$/.test(name)) seen.add(join(root, name.slice(1)));
      else out.push(`${relative(root, file)} imports ${name}`);
    }
  return out;
}

test('reaches no module of Node, no package and nothing outside sql/', () => {
  const folder = join(root, 'sql/circe');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  assert.ok(files.length > 40);
  const entries = [face, ...files.map((name) => join(folder, name))];
  assert.deepEqual(
    strays(entries, (file) => readFileSync(file, 'utf8')),
    [],
  );
});

test('an import that leaves sql/ is seen, in whatever form it is written', () => {
  const planted = [
    "import { x } from 'node:fs';",
    "import type { X } from 'pg';",
    "export * from '#protocol/errors.ts';",
    "const x = await import('node:os');",
    "type X = import('../../node/run.ts').X;",
  ];
  for (const line of planted) assert.equal(strays([face], () => line).length, 1, line);
  const deep = (file: string) => (file === face ? "import '#sql/circe/read.ts';" : "import 'node:fs';");
  assert.deepEqual(strays([face], deep), ['sql/circe/read.ts imports node:fs']);
});

const page = readFileSync(join(root, 'docs/cohort-library.md'), 'utf8');
const examples = [...page.matchAll(/```ts\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g)];

test('every block of code on the page is an example with what it prints', () => {
  assert.equal(examples.length, page.split('```ts\n').length - 1);
  assert.ok(examples.length >= 5);
});

for (const [at, [, code = '', printed]] of examples.entries())
  test(`example ${at + 1} of the page prints what stands under it`, (t) => {
    const file = join(temporaryHome(t), 'example.ts');
    writeFileSync(file, code.replaceAll('#sql/circe.ts', pathToFileURL(face).href));
    assert.equal(execFileSync(process.execPath, [file], { encoding: 'utf8' }), printed);
  });

test('the page names every function of the face, and no other', async () => {
  const functions = Object.keys(await import('#sql/circe.ts')).sort();
  const told = [...page.matchAll(/^\| `(\w+)\(/gm)].map(([, name]) => name).sort();
  assert.deepEqual(told, functions);
});

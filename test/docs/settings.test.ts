/** docs/settings.md says of every setting what it is called, where it is set, and what it is where nobody set it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TObject, TSchema } from 'typebox';
import { HubConfig, hubConfigFile, readHubConfig } from '#hub/config.ts';
import { NodeConfig, nodeConfigFile, readNodeConfig } from '#node/config.ts';
import { treeFiles } from '../../scripts/check/source-tree.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/settings.md'), 'utf8');

interface Row {
  readonly parties: readonly string[];
  readonly key: string;
  readonly variable: string;
  readonly byDefault: string;
}

/** The rows of the one table; `code` marks are taken off. */
const rows: readonly Row[] = page
  .split('\n')
  .filter((line) => /^\| [a-z]+[a-z, ]* \|/.test(line) && /`MOIM_|\| –/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
  .map(([, parties = '', key = '', variable = '', byDefault = '']) => ({
    parties: parties.split(', '),
    key,
    variable,
    byDefault,
  }));

const parties = [
  { party: 'hub', schema: HubConfig as TObject, read: readHubConfig, file: hubConfigFile(20_000) },
  { party: 'node', schema: NodeConfig as TObject, read: readNodeConfig, file: nodeConfigFile },
] as const;

for (const { party, schema, read, file } of parties) {
  const settings = Object.entries(schema.properties);

  it(`${party}: has a row for every setting, with its default`, () => {
    const inForce = read('/nowhere', {}) as unknown as Readonly<Record<string, unknown>>;
    for (const [key] of settings) {
      const row = rows.find((each) => each.key === key && each.parties.includes(party));
      assert.ok(row, `${key} of the ${party} is not in the table`);
      if (/^chosen at/.test(row.byDefault)) continue;
      const shown = inForce[key] === undefined ? 'none' : String(inForce[key]);
      assert.equal(row.byDefault, shown, `the default of ${key}`);
    }
  });

  it(`${party}: the variable beside a setting sets it`, () => {
    for (const [key, type] of settings) {
      const row = rows.find((each) => each.key === key && each.parties.includes(party));
      const before = (read('/nowhere', {}) as unknown as Record<string, unknown>)[key];
      const text = otherValue(type, before);
      const after = (read('/nowhere', { [row?.variable ?? '']: text }) as unknown as Record<string, unknown>)[
        key
      ];
      assert.equal(String(after), text, `${row?.variable} sets ${key}`);
    }
  });

  it(`${party}: the file that init writes has every setting that has a default, each under a comment`, () => {
    const lines = file.split('\n');
    for (const [key] of settings) {
      const at = lines.findIndex((line) => line.replace(/^# /, '').startsWith(`${key} = `));
      assert.ok(at > 0, `${key} is not in the ${party}'s file`);
      let above = at - 1;
      while (/^#? ?[a-zA-Z]+ = /.test(lines[above] ?? '')) above -= 1;
      assert.match(lines[above] ?? '', /^# /, `${key} has no comment`);
    }
  });
}

it('has a row for every variable that the program reads, and for none that it does not', () => {
  const sources = treeFiles(root).filter((path) =>
    /^(moim\.ts|(host|node|coordinator|compose\/demo|scripts|test\/support)\/.*\.(ts|mjs))$/.test(path),
  );
  const named = new Set(rows.map(({ variable }) => variable).filter((variable) => variable !== '–'));
  const read = new Set<string>();
  for (const path of sources) {
    for (const [name] of readFileSync(join(root, path), 'utf8').matchAll(/\bMOIM_[A-Z_]*[A-Z]\b/g))
      read.add(named.has(name) ? name : name.replace(/_FILE$/, ''));
  }
  assert.deepEqual([...read].filter((name) => !named.has(name)).sort(), [], 'read and not in the table');
  assert.deepEqual([...named].filter((name) => !read.has(name)).sort(), [], 'in the table and not read');
});

/** Another value of the same type, as a variable holds it. */
function otherValue(type: TSchema, before: unknown): string {
  const about = type as {
    type?: string;
    minimum?: number;
    anyOf?: { const: unknown }[];
    enum?: string[];
    pattern?: string;
  };
  if (about.type === 'boolean') return String(before !== true);
  if (about.type === 'integer' || about.type === 'number') return String(Number(before ?? 0) + 1);
  const words = about.enum ?? about.anyOf?.map(({ const: value }) => String(value));
  if (words) return words.find((word) => word !== before) ?? '';
  if (/^\^?https?/.test(about.pattern ?? '')) return 'http://192.0.2.1:3128';
  return about.pattern === undefined ? '192.0.2.1' : 'other';
}

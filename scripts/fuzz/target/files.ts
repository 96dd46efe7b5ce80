/** Files of a home and of an extract: configuration, keys, CSV. Each run writes its file into a folder of this process. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPublicKey, readSealingPair, readSigningKey } from '#host/key-file.ts';
import { readHubConfig } from '#hub/config.ts';
import { CsvScanner } from '#node/cdm/csv.ts';
import { readCdmFolder } from '#node/cdm/files.ts';
import { encodeFile } from '#node/cdm/load.ts';
import { readNodeConfig } from '#node/config.ts';
import { MoimError } from '#protocol/errors.ts';
import type { Target } from '../target.ts';

export function fileTargets(folder: string): readonly Target[] {
  const at = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const [config, keys, cdm] = [at('config'), at('keys'), at('cdm')];
  const csv = join(cdm, 'person.csv');
  return [
    {
      kind: 'config',
      weight: 5,
      form: 'toml',
      run(input, draw) {
        const hub = draw.chance(0.4);
        writeFileSync(join(config, hub ? 'hub.toml' : 'node.toml'), input);
        if (hub) readHubConfig(config, {});
        else readNodeConfig(config, {});
        return [];
      },
    },
    {
      kind: 'key-file',
      weight: 4,
      form: 'json',
      run(input, draw) {
        const path = join(keys, 'key.json');
        writeFileSync(path, input);
        // Without a passphrase: deriving a key from one takes longer than thousands of runs.
        draw.pick([() => readSigningKey(path), () => readSealingPair(path), () => readPublicKey(path)])();
        return [];
      },
    },
    {
      kind: 'csv',
      weight: 3,
      form: 'csv',
      async run(input, draw) {
        writeFileSync(csv, input);
        const { files, notes } = await readCdmFolder(cdm, draw.chance(0.3));
        const [file] = files;
        let rows = 0;
        if (file === undefined) return notes;
        for await (const chunk of encodeFile(file, () => {}, undefined)) rows += newlines(chunk);
        inPieces(input.subarray(file.markBytes), file.delimiter, rows, draw.below(input.length + 1));
        return notes;
      },
    },
  ];
}

/** Rows do not depend on where the bytes are cut. */
function inPieces(bytes: Buffer, delimiter: number, rows: number, cut: number): void {
  const scanner = new CsvScanner(delimiter);
  let count = -1; // the header
  const each = () => {
    count += 1;
    return true;
  };
  const taken = scanner.scan(bytes.subarray(0, cut), false, each);
  scanner.scan(bytes.subarray(taken), true, each);
  if (Math.max(0, count) !== rows)
    throw new MoimError('internal', `${rows} rows at once, ${count} in two pieces`);
}

function newlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}

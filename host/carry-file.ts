/** The file that is carried: JSON with one signed document, written whole and never over another. */

import { existsSync } from 'node:fs';
import Type from 'typebox';
import { MoimError } from '#protocol/errors.ts';
import { parseJson, parser } from '#protocol/schema.ts';
import type { CarriedIn, CarriedOut } from './carry.ts';
import { answer, type CommandContext } from './command.ts';
import { readText, writeWhole } from './home.ts';

const File = parser(
  Type.Object({ moim: Type.Literal('carry'), jws: Type.String() }, { additionalProperties: false }),
);

export function writeCarryFile(file: string, jws: string): void {
  if (existsSync(file))
    throw new MoimError('bad-input', `${file} is there already`, {
      remedy: 'Name a new file: each is carried once.',
    });
  writeWhole(file, `${JSON.stringify({ moim: 'carry', jws })}\n`, 0o600);
}

/** Throws MoimError `file-unreadable`, `bad-input`. */
export const readCarryFile = (file: string): string =>
  File.parse(parseJson(readText(file, 'carried file'), 'carried file'), 'carried file').jws;

export function answerOut(context: CommandContext, to: string, { jws: _, ...counts }: CarriedOut): number {
  const more = counts.left > 0 ? `; ${counts.left} more wait for the next file` : '';
  answer(
    context,
    { to, ...counts },
    `for ${to}: ${counts.deliveries} envelopes, ${counts.states} job states${more}`,
  );
  return 0;
}

/** 3 where an envelope was refused. */
export function answerIn(context: CommandContext, from: string, carried: CarriedIn): number {
  const codes = Object.entries(carried.refused);
  const refused = codes.reduce((sum, [, count]) => sum + count, 0);
  const words = codes.map(([code, count]) => `${count} ${code}`).join(', ');
  answer(
    context,
    { from, ...carried },
    `from ${from}: ${carried.taken - refused} envelopes taken, ${carried.known} known already, ${refused} refused${words && ` (${words})`}`,
  );
  return refused > 0 ? 3 : 0;
}

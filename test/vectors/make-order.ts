/** Makes the vector of a lead's order from fixed keys, clock and ids; it refuses to write over the file. test/protocol/order.test.ts holds today's code against it. */

import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { publicOf } from '#protocol/keys.ts';
import { type StudyOrder, signOrder } from '#protocol/order.ts';
import * as fixed from './fixed.ts';

export const orderFile = fileURLToPath(new URL('order-v1.json', import.meta.url));

export async function makeOrders(): Promise<string> {
  const study = fixed.fixedIds('study')();
  const orders = await Promise.all(
    (['pause', 'resume', 'withdraw'] as const).map(async (order, i) => {
      const document: StudyOrder = {
        schema: 'moim-order/1',
        study,
        version: 1,
        order,
        n: i + 1,
        at: fixed.instant(fixed.noon + i * 60_000),
      };
      return { order: document, jws: await signOrder(document, fixed.leadKey) };
    }),
  );
  return `${JSON.stringify({ key: publicOf(fixed.leadKey), orders }, null, 2)}\n`;
}

if (import.meta.main && !existsSync(orderFile)) writeFileSync(orderFile, await makeOrders(), { flag: 'wx' });

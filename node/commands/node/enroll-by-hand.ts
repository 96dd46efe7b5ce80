/** `moim node enroll` where no network joins the node to its hub: the request goes as a file, and the answer comes as one. */

import { answer, type CommandContext } from '#host/command.ts';
import { readAnswer, writeRequest } from '#host/enrolment-file.ts';
import { fingerprint } from '#protocol/keys.ts';
import { readNodeIdentity } from '../../identity.ts';
import { proofOf } from '../../link/enrol.ts';
import { pinChecked, pinningPerson } from './pin.ts';
import { passphrase } from './with-database.ts';

export async function writeEnrolment(context: CommandContext, file: string, token: string): Promise<number> {
  const identity = readNodeIdentity(context.home, passphrase(context));
  writeRequest(file, { key: identity.public, proof: await proofOf(token, identity), token });
  const text = `request written, this node is ${identity.fingerprint}\ncarry it to the hub: moim hub enroll ${file} ANSWER`;
  answer(context, { fingerprint: identity.fingerprint, file }, text);
  return 0;
}

/** `url`: where the hub would be, should a network ever lead there. */
export async function takeAnswer(context: CommandContext, file: string, url: string): Promise<number> {
  const identity = readNodeIdentity(context.home, passphrase(context));
  const { site, state, hub } = readAnswer(file);
  await pinChecked(context, { url, site, key: hub }, await pinningPerson(context));
  context.note(`this node ${identity.fingerprint}, the hub ${fingerprint(hub)}: compare both by telephone`);
  const prints = { site: identity.fingerprint, hub: fingerprint(hub) };
  const text = `site ${site}\n  this node  ${prints.site}\n  the hub    ${prints.hub}\nstate ${state}`;
  answer(context, { site, state, fingerprints: prints }, text);
  return state === 'revoked' ? 3 : 0;
}

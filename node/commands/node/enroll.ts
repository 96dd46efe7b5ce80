/** `moim node enroll`. */

import { answer, type Command, needFlag, numberFlag, textFlag } from '#host/command.ts';
import { readText } from '#host/home.ts';
import { hubHttp } from '#host/hub-http.ts';
import { hubUrl } from '#host/hub-url.ts';
import { hubWay } from '#host/hub-way.ts';
import { pause } from '#host/serve.ts';
import { fingerprint } from '#protocol/keys.ts';
import { readNodeConfig } from '../../config.ts';
import { readNodeIdentity } from '../../identity.ts';
import { enrolAtHub } from '../../link/enrol.ts';
import { personFlags, personUsage } from '../../person/acting.ts';
import { takeAnswer, writeEnrolment } from './enroll-by-hand.ts';
import { pinChecked, pinningPerson } from './pin.ts';
import { passphrase } from './with-database.ts';

/** The address of a hub that no network leads to (RFC 6761: never a host). */
const nowhere = 'https://hub.invalid';

export const enroll: Command = {
  summary:
    'Enrol at a hub with the one-time token its operator gave. Compare both fingerprints with the operator by telephone.',
  usage: `--hub URL (--token T | --token-file F) [--wait S]  |  (--token T | --token-file F) --request FILE  |  --answer FILE   ${personUsage}`,
  options: {
    hub: { type: 'string' },
    token: { type: 'string' },
    'token-file': { type: 'string' },
    wait: { type: 'string' },
    request: { type: 'string' },
    answer: { type: 'string' },
    ...personFlags,
  },
  async run(context) {
    const answered = textFlag(context, 'answer');
    const asked = textFlag(context, 'request');
    const named = textFlag(context, 'hub');
    if (answered !== undefined)
      return takeAnswer(context, answered, named === undefined ? nowhere : hubUrl(named, context.env));
    const file = textFlag(context, 'token-file');
    const token = (file === undefined ? needFlag(context, 'token') : readText(file, '--token-file')).trim();
    if (asked !== undefined) return writeEnrolment(context, asked, token);
    const url = hubUrl(needFlag(context, 'hub'), context.env);
    const until = Date.now() + numberFlag(context, 'wait', 0, 0) * 1000;
    const identity = readNodeIdentity(context.home, passphrase(context));
    const http = hubHttp(url, hubWay(readNodeConfig(context.home, context.env)));
    const person = await pinningPerson(context);
    const patient = Date.now() < until;
    for (let round = 0; ; round += 1) {
      const { site, state, hub } = await enrolAtHub(http, token, identity);
      await pinChecked(context, { url, site, key: hub }, person);
      if (round === 0) {
        context.note(
          `this node ${identity.fingerprint}, the hub ${fingerprint(hub)}: compare both by telephone`,
        );
      }
      if (state !== 'pending' || Date.now() >= until || context.signal.aborted) {
        const prints = { site: identity.fingerprint, hub: fingerprint(hub) };
        const text = `site ${site}\n  this node  ${prints.site}\n  the hub    ${prints.hub}\nstate ${state}`;
        answer(context, { site, state, fingerprints: prints }, text);
        if (state === 'revoked') return 3;
        // Who asked to wait is told by the exit code that the waiting was in vain.
        return state === 'pending' && patient ? 4 : 0;
      }
      await pause(500, context.signal);
    }
  },
};

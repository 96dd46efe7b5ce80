/** `moim hub enroll`: a node that no network joins to this hub is enrolled by a file. */

import { answer, type Command, needArg } from '#host/command.ts';
import { readRequest, writeAnswer } from '#host/enrolment-file.ts';
import { fingerprint } from '#protocol/keys.ts';
import { enrolProven } from '../sites/enrolment.ts';
import { bearerOf } from '../sites/token.ts';
import { withDatabase } from './with-database.ts';

export const enroll: Command = {
  summary:
    'Take the request that a node wrote (`moim node enroll --request FILE`) and write the answer for it. Compare fingerprints, then approve.',
  usage: 'REQUEST ANSWER',
  async run(context) {
    const request = readRequest(needArg(context, 0, 'REQUEST'));
    const file = needArg(context, 1, 'ANSWER');
    return withDatabase(context, async (db, identity) => {
      const bearer = await bearerOf(db, identity, Date.now(), request.token);
      const { site, state } = await enrolProven(db, Date.now(), bearer, request);
      writeAnswer(file, { site, state, hub: identity.public });
      const prints = { site: fingerprint(request.key), hub: identity.fingerprint };
      const text = `site ${site}\n  the node   ${prints.site}\n  this hub   ${prints.hub}\nstate ${state}`;
      answer(context, { site, state, fingerprints: prints }, text);
      return 0;
    });
  },
};

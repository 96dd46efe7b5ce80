/** For `doctor`: whether the persons registered here can do what the policy asks of persons. */

import type { Finding } from '#host/diagnosis.ts';
import type { NodeDb } from '../database.ts';
import { personsNeeded } from '../policy/policy.ts';
import { currentPolicy } from '../policy/store.ts';
import { consoleHand } from './hand.ts';
import { listPersons, mayDo } from './person.ts';

export async function examinePersons(db: NodeDb): Promise<string | Finding> {
  const persons = await listPersons(db);
  const policy = await currentPolicy(db);
  const need = policy ? personsNeeded(policy.policy) : 0;
  const approvers = persons.filter(({ role }) => mayDo(role, 'approve'));
  const said =
    persons.length === 0
      ? 'nobody is registered'
      : `${persons.length} registered, ${approvers.length} may approve`;
  const warn = (says: string, remedy: string): Finding => ({
    check: 'persons',
    state: 'warning',
    says,
    remedy,
  });
  if (persons.length === 0 && need === 0) return said;
  if (persons.length === 0)
    return warn(
      `${said}: the console decides in nobody's name${need === 2 ? ', and can never be two persons' : ''}`,
      'Register the data-protection officer first: `moim node user add NAME --role dpo`.',
    );
  if (!persons.some(({ role }) => mayDo(role, 'persons')))
    return warn(
      `${said}; no data-protection officer: whoever may run commands in this home may register one`,
      'Run `moim node user add NAME --role dpo`.',
    );
  // Who put the policy in force counts, and never suffices alone; who are of one hand count as one.
  const hands = new Set(approvers.map(({ hand }) => hand));
  const applier = policy?.appliedHand;
  const others = [...hands].filter((hand) => hand !== applier).length;
  if (hands.size < (applier === consoleHand && need > 0 ? 2 : need) || (need > 0 && others === 0))
    return warn(
      `${said}: too few for the policy in force, under which nothing can be approved`,
      'Register another approver, `moim node user add NAME --role approver --as DPO`, and let somebody whom another hand added confirm them: `moim node user confirm NAME --as OTHER`.',
    );
  return said;
}

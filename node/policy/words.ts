/** The policy in plain English, a line a rule. */

import { countParts } from '#protocol/analysis.ts';
import { type Policy, type PolicyVersion, personsNeeded } from './policy.ts';

export function policyInWords({ version, policy, appliedBy }: PolicyVersion): string[] {
  const { minimumCell: k } = policy;
  return [
    `Policy version ${version}${appliedBy === null ? '' : `, put in force by ${appliedBy}`}.`,
    k === 1
      ? 'Every figure may leave, down to a single person.'
      : `A figure that stands on 1 to ${k - 1} persons is withheld, and so is whatever would let it be worked out.`,
    policy.showZero
      ? 'An empty cell is shown as zero: who describes one person closely enough learns whether they are in a cohort.'
      : 'An empty cell is withheld like a small one.',
    `Analyses that may run: ${policy.analyses.join(', ') || 'none'}.`,
    ...partsInWords(policy),
    policy.leads.length === 0
      ? 'Every accepted lead may ask; studies of anybody else are refused.'
      : `Of the accepted leads only these may ask: ${policy.leads.join(', ')}.`,
    ...criteriaInWords(policy),
    policy.minimumWindowDays === 0
      ? 'Dates in a definition may be as narrow as a day.'
      : `A definition whose own dates leave fewer than ${policy.minimumWindowDays} days is refused; figures of wider ones can still be subtracted from each other.`,
    policy.requiredFields.length === 0
      ? 'No field of a study is asked for beyond what every study has.'
      : `A study is refused unless it fills in: ${policy.requiredFields.join(', ')}.`,
    quotaInWords(policy),
    permitInWords(policy),
    policy.release === 'reviewed'
      ? 'Nothing leaves but the very figures that a person saw in a dry run and approved by their hash.'
      : 'What a permitted study computes leaves without being looked at.',
    ...(personsNeeded(policy) === 0
      ? []
      : [
          `An approval holds for ${policy.approvalDays} days unless its approver says otherwise, for this data, this policy and this version of the study.`,
        ]),
  ];
}

function partsInWords({ countParts: permitted }: Policy): string[] {
  if (countParts.every((part) => permitted.includes(part))) return [];
  return [
    `Of the parts that a study may ask of count besides, these may be given: ${permitted.join(', ') || 'none'}.`,
  ];
}

function criteriaInWords({ criteria: { allow, deny } }: Policy): string[] {
  if (allow.length === 0 && deny.length === 0) return ['Definitions may use every criterion and attribute.'];
  return [
    ...(allow.length === 0
      ? []
      : [`Definitions may use these criteria and attributes alone: ${allow.join(', ')}.`]),
    ...(deny.length === 0 ? [] : [`Definitions that use any of these are refused: ${deny.join(', ')}.`]),
  ];
}

function quotaInWords({ quota: { perLeadPerDay, perDay } }: Policy): string {
  const limits = [
    ...(perLeadPerDay === undefined ? [] : [`${perLeadPerDay} of each lead`]),
    ...(perDay === undefined ? [] : [`${perDay} in all`]),
  ];
  if (limits.length === 0) return 'Any number of studies may run on one day.';
  return `Studies that may run on one day (UTC): ${limits.join(', ')}; the others wait for the next day.`;
}

function permitInWords({ permit }: Policy): string {
  switch (permit) {
    case 'automatic':
      return 'Studies that this policy permits run without asking a person.';
    case 'one-person':
      return 'A study runs when one person with the right to approve has approved it; who put this policy in force is not enough alone.';
    case 'two-persons':
      return 'A study runs when two persons with the right to approve have approved it.';
  }
}

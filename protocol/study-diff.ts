/**
 * What an amendment changes, in words, one line a change: for the person at a hospital who permits it anew, and for the lead who wrote it.
 * Pure. The texts in it are the lead's own: they are shortened, and nothing in a line can act on a terminal.
 */

import { type CompletionRule, completionInWords } from './completion.ts';
import { fingerprint } from './keys.ts';
import type { Study, StudyDraft } from './study.ts';
import { definitionDiff, quoted, shown } from './study-diff/definition.ts';

/** A signed study or a draft. */
export type DiffableStudy = Study | StudyDraft;

const plain = {
  title: 'title',
  purpose: 'purpose',
  sponsor: 'sponsor',
  ethicsReference: 'ethics reference',
  legalBasis: 'legal basis',
  contact: 'contact',
  funding: 'funding',
  start: 'first day',
  end: 'last day',
  retentionDays: 'days that recipients may keep the answers',
  minimumCell: 'fewest persons a figure may stand on',
} as const satisfies Partial<Record<keyof StudyDraft, string>>;

/** Empty where nothing but ids and signatures differs. */
export function studyDiff(before: DiffableStudy, after: DiffableStudy): string[] {
  return [
    ...Object.entries(plain).flatMap(([name, words]) =>
      changed(words, before[name as keyof typeof plain], after[name as keyof typeof plain]),
    ),
    ...completion(before.completion, after.completion),
    ...recipients(before, after),
    ...analyses(before, after),
    ...sites(before, after),
    ...cohorts(before, after),
    ...keys(before, after),
  ];
}

function changed(words: string, before: unknown, after: unknown): string[] {
  if (before === after) return [];
  if (before === undefined) return [`${words}: ${shown(after)} (was not given)`];
  if (after === undefined) return [`${words}: no longer given (was ${shown(before)})`];
  return [`${words}: ${shown(before)} → ${shown(after)}`];
}

function completion(before: CompletionRule, after: CompletionRule): string[] {
  const [was, is] = [completionInWords(before), completionInWords(after)];
  return was === is ? [] : [`complete with: ${was} → ${is}`];
}

function recipients(before: DiffableStudy, after: DiffableStudy): string[] {
  const words = (study: DiffableStudy) =>
    study.recipients.map(({ name, organisation }) => `${quoted(name)} of ${quoted(organisation)}`);
  const [was, is] = [words(before), words(after)];
  return listChanges('recipient', was, is);
}

function analyses(before: DiffableStudy, after: DiffableStudy): string[] {
  const words = (study: DiffableStudy) => study.analyses.map(({ kind }) => kind);
  return listChanges('analysis', words(before), words(after));
}

function listChanges(noun: string, was: readonly string[], is: readonly string[]): string[] {
  return [
    ...was.filter((each) => !is.includes(each)).map((each) => `${noun} removed: ${each}`),
    ...is.filter((each) => !was.includes(each)).map((each) => `${noun} added: ${each}`),
  ];
}

function sites(before: DiffableStudy, after: DiffableStudy): string[] {
  const [was, is] = [sitesOf(before), sitesOf(after)];
  const lines: string[] = [];
  for (const site of was.keys()) if (!is.has(site)) lines.push(`site removed: ${site}`);
  for (const [site, print] of is) {
    if (!was.has(site)) lines.push(`site added: ${site}`);
    else if (was.get(site) !== print) {
      lines.push(`site ${site}: key ${was.get(site) ?? 'not pinned'} → ${print ?? 'not pinned'}`);
    }
  }
  return lines;
}

const sitesOf = (study: DiffableStudy): Map<string, string | undefined> =>
  new Map(
    study.sites.map((each) => (typeof each === 'string' ? [each, undefined] : [each.site, each.fingerprint])),
  );

function cohorts(before: DiffableStudy, after: DiffableStudy): string[] {
  const lines: string[] = [];
  const of = (study: DiffableStudy, name: string) => study.cohorts.find((cohort) => cohort.name === name);
  for (const { name } of before.cohorts) if (!of(after, name)) lines.push(`cohort removed: ${quoted(name)}`);
  for (const { name, definition } of after.cohorts) {
    const was = of(before, name);
    if (!was) lines.push(`cohort added: ${quoted(name)}`);
    else
      lines.push(
        ...definitionDiff(was.definition, definition).map((line) => `cohort ${quoted(name)}, ${line}`),
      );
  }
  return lines;
}

/** Keys and job ids are new in every version; a person needs to hear it once, and to hear of it where it is the lead's own key. */
function keys(before: DiffableStudy, after: DiffableStudy): string[] {
  if (!('lead' in before) || !('lead' in after)) return [];
  const [was, is] = [fingerprint(before.lead.key), fingerprint(after.lead.key)];
  const sealing = ({ recipients: all }: Study) => all.map(({ sealingKey }) => sealingKey).join(' ');
  return [
    ...(was === is ? [] : [`the lead signs with another key: ${was} → ${is}`]),
    ...(sealing(before) === sealing(after) ? [] : ['the key that answers are sealed to was renewed']),
  ];
}

/**
 * What an amendment changes, in words, one line a change: for the person at a hospital who permits it anew, and for the lead who wrote it.
 * Pure. The texts in it are the lead's own: they are shortened, and nothing in a line can act on a terminal.
 */

import { analysisInWords } from './analysis.ts';
import { type CompletionRule, completionInWords } from './completion.ts';
import { fingerprint } from './keys.ts';
import type { Study, StudyDraft } from './study.ts';
import { combinationInWords, type PinnedCohort, type StudyCohort } from './study-cohort.ts';
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
  const words = (study: DiffableStudy) => study.analyses.map(analysisInWords);
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
  for (const cohort of after.cohorts) {
    const { name, definition } = cohort;
    const was = of(before, name);
    if (!was) lines.push(`cohort added: ${quoted(name)}`);
    else {
      // A definition has no such words: its own differences are told one by one.
      const words = (of: StudyCohort) => (of.expression ? combinationInWords(of.expression) : 'a definition');
      if (words(was) !== words(cohort))
        lines.push(`cohort ${quoted(name)}: ${words(was)} → ${words(cohort)}`);
      const rules = (withoutRules: readonly number[] = []) => withoutRules.join(', ') || 'none';
      lines.push(
        ...changed(
          `cohort ${quoted(name)}, rules switched off, counted from 0`,
          rules(was.withoutRules),
          rules(cohort.withoutRules),
        ),
      );
      if (was.definition && definition)
        lines.push(
          ...definitionDiff(was.definition, definition).map((line) => `cohort ${quoted(name)}, ${line}`),
        );
    }
  }
  return [...lines, ...pinned(before, after)];
}

/** How many, and the first of them by id. */
function some(concepts: readonly number[]): string {
  if (concepts.length === 0) return '0';
  const first = concepts.slice(0, mostTold).join(', ');
  return `${concepts.length} (${first}${concepts.length > mostTold ? ', …' : ''})`;
}

const mostTold = 10;

function pinned(before: DiffableStudy, after: DiffableStudy): string[] {
  const of = (study: DiffableStudy, name: string) => study.pinned?.find((each) => each.name === name);
  const names = new Set([...(before.pinned ?? []), ...(after.pinned ?? [])].map(({ name }) => name));
  return [...names].flatMap((name) => {
    const [was, is] = [of(before, name), of(after, name)];
    if (was === undefined) return [`concepts of cohort ${quoted(name)}: pinned now`];
    if (is === undefined) return [`concepts of cohort ${quoted(name)}: pinned no more`];
    const sets = (each: PinnedCohort) =>
      new Map(each.conceptSets.map(({ id, conceptIds }) => [id, new Set(conceptIds)]));
    const [old, now] = [sets(was), sets(is)];
    const versions =
      was.vocabularyVersion === is.vocabularyVersion
        ? []
        : [
            `concepts of cohort ${quoted(name)}: of vocabulary ${quoted(was.vocabularyVersion)} → ${quoted(is.vocabularyVersion)}`,
          ];
    const label = (each: PinnedCohort, id: number) => each.conceptSets.find((set) => set.id === id)?.name;
    const changes = [...new Set([...old.keys(), ...now.keys()])].flatMap((id) => {
      const [a, b] = [old.get(id), now.get(id)];
      const added = [...(b ?? [])].filter((concept) => !a?.has(concept));
      const removed = [...(a ?? [])].filter((concept) => !b?.has(concept));
      const set = `concepts of cohort ${quoted(name)}, set ${id}`;
      const same = added.length + removed.length === 0 && (a === undefined) === (b === undefined);
      return [
        ...(same ? [] : [`${set}: ${some(added)} added, ${some(removed)} removed`]),
        ...(a === undefined || b === undefined
          ? []
          : changed(`${set}, its name`, label(was, id), label(is, id))),
      ];
    });
    return [...versions, ...changes];
  });
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

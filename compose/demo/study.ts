/** The demo's `study.json`. */

import type { StudyDraft } from '#protocol/study.ts';
import type { DemoOptions } from './options.ts';

/** As a lead would write it: cohorts by file, sites with the fingerprints that were read to the lead. */
export function studyFile(
  options: DemoOptions,
  sites: readonly { site: string; fingerprint: string }[],
  now: Date,
) {
  const day = (years: number) =>
    `${now.getUTCFullYear() + years}${now.toISOString().slice(4, 10)}`.replace('-02-29', '-02-28');
  const study: Omit<StudyDraft, 'cohorts'> & { cohorts: { name: string; file: string }[] } = {
    title: 'How many patients would three hospitals have?',
    purpose: 'Show that the network answers one question from many hospitals without a patient leaving any.',
    sponsor: 'The Moim demo',
    ethicsReference: 'none: synthetic or public data',
    start: day(0),
    end: day(1),
    retentionDays: 30,
    recipients: [{ name: 'Demo study lead', organisation: 'The Moim demo' }],
    cohorts: options.cohorts.map(({ name, file }) => ({ name, file })),
    analyses: [{ kind: 'count' }],
    sites: sites.map(({ site, fingerprint }) => ({ site, fingerprint })),
    minimumCell: options.minCell ?? 5,
    completion: { kind: 'all' },
  };
  return study;
}

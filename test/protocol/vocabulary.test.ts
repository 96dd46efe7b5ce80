import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parser } from '#protocol/schema.ts';
import { SiteVocabulary, siteVocabulary, vocabularyInWords } from '#protocol/vocabulary.ts';

const known = parser(SiteVocabulary);

test('a version in OHDSI’s form is said, any other is unrecognised', () => {
  for (const version of ['v5.0 30-AUG-23', 'v5.0 01-JAN-26', 'v4.5 29-FEB-20', 'v20240830'])
    assert.equal(siteVocabulary(version, 0).version, version);
  for (const version of [
    undefined,
    '',
    'v5.0 30-AUG-23 of Dr Kim',
    'v5.0 32-AUG-23',
    'v5.0 30-Aug-23',
    ' v5.0 30-AUG-23',
    'v5.0 30-AUG-23\n',
    'v5.0\u00a030-AUG-23',
    'v20241330',
    'unversioned-0123456789ab',
  ])
    assert.equal(siteVocabulary(version, 0).version, 'unrecognised', String(version));
});

test('no text of a hospital’s own passes, whatever it is', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^v5\.0 [0-9A-Z -]{0,12}$/)),
      fc.nat(),
      (text, n) => {
        const said = siteVocabulary(text, n);
        assert.ok(known.check(said), 'what leaves is what a lead takes');
        assert.ok(
          said.version === 'unrecognised' || /^v[0-9.]+( [0-9]{2}-[A-Z]{3}-[0-9]{2})?$/.test(said.version),
        );
        assert.ok(said.version === 'unrecognised' || said.version === text);
      },
    ),
  );
});

test('how many concepts are missing is said in bands alone', () => {
  const bands = [0, 1, 9, 10, 99, 100, 1_000_000].map((n) => siteVocabulary(undefined, n).unresolved);
  assert.deepEqual(bands, ['0', '1-9', '1-9', '10-99', '10-99', '100+', '100+']);
  assert.equal(known.check({ version: 'unrecognised', unresolved: '7' }), false);
  assert.equal(known.check({ version: 'Klinik Nord', unresolved: '0' }), false);
  assert.equal(
    vocabularyInWords({ version: 'v20240830', unresolved: '1-9' }),
    "vocabulary v20240830, 1-9 of the study's concepts not found in it",
  );
});

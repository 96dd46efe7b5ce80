/** The pages hold together: links lead somewhere, commands and flags named exist, no page is lost. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Commands } from '#host/command.ts';
import { commands as hub } from '#hub/commands/hub.ts';
import { commands as key } from '#lead/commands/key.ts';
import { commands as study } from '#lead/commands/study.ts';
import { commands as audit } from '#node/commands/audit.ts';
import { commands as cdm } from '#node/commands/cdm.ts';
import { commands as cohort } from '#node/commands/cohort.ts';
import { commands as doctor } from '#node/commands/doctor.ts';
import { commands as node } from '#node/commands/node.ts';
import packageFile from '../../package.json' with { type: 'json' };

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith('.md'),
);
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const nouns: Readonly<Record<string, Commands>> = { hub, key, study, audit, cdm, cohort, doctor, node };

it('leads somewhere with every link', () => {
  for (const path of pages) {
    for (const [, to = ''] of read(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(to)) continue;
      const [file = '', anchor] = to.split('#', 2);
      const target = file === '' ? path : join(dirname(path), file);
      assert.ok(existsSync(join(root, target)), `${path}: ${to}`);
      if (anchor !== undefined)
        assert.ok(anchorsOf(target).has(anchor), `${path}: ${to} has no such heading`);
    }
  }
});

it('reaches every page from the index', () => {
  const index = read('docs/README.md');
  for (const path of pages.filter((each) => each.startsWith('docs/') && each !== 'docs/README.md'))
    assert.ok(index.includes(`](${path.slice('docs/'.length)}`), `${path} is not in docs/README.md`);
});

it('names commands and flags that exist', () => {
  let seen = 0;
  for (const path of pages) {
    for (const words of commandsIn(read(path))) {
      seen += 1;
      assert.equal(faultOf(words), undefined, `${path}: moim ${words.join(' ')}`);
    }
  }
  assert.ok(seen > 50, `only ${seen} commands were found`);
  // What it is for: it finds a verb, a flag and a second word that are not there.
  for (const words of ['node fly', 'node init --wings', 'node trust pilot', 'study result ID --wings'])
    assert.notEqual(faultOf(words.split(' ')), undefined, words);
});

it('names npm scripts that exist', () => {
  const scripts = Object.keys(packageFile.scripts);
  for (const path of pages)
    for (const [, script = ''] of read(path).matchAll(/\bnpm run ([a-z:-]+)/g))
      assert.ok(scripts.includes(script), `${path}: npm run ${script}`);
});

/** The words after `moim` in code spans and code blocks, up to what ends a command. */
function commandsIn(text: string): string[][] {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.replaceAll('\\\n', ' ').split('\n'),
  );
  const spans = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].map(
    ([, span = '']) => span,
  );
  return [...blocks, ...spans]
    .map((line) => /(?:^|&& |\/)(?:moim|moim\.mjs) ([a-z].*)$/.exec(line)?.[1])
    .filter((words): words is string => words !== undefined && !/^(is|not|in|and|or|on) /.test(words))
    .map((words) =>
      words
        .replace(/\s+(#|>|\|\||&&|\||<|;).*$/, '')
        .split(/\s+/)
        .filter(Boolean),
    );
}

function faultOf(words: readonly string[]): string | undefined {
  const [noun = '', ...rest] = words;
  const commands = nouns[noun];
  if (!commands) return `no noun ${noun}`;
  const bare = commands[''];
  const verbs = (bare ? '' : (rest.find((word) => !word.startsWith('-')) ?? '')).split('|');
  for (const verb of verbs) {
    // `moim study …`: the noun alone.
    if (!bare && (verb === '' || verb === '…')) continue;
    const command = commands[verb];
    if (!command) return `no verb ${verb}`;
    const known = new Set([
      'home',
      'json',
      'quiet',
      'help',
      'version',
      ...Object.keys(command.options ?? {}),
    ]);
    for (const [, flag = ''] of rest.join(' ').matchAll(/(?<!\S)[[(]?--([a-z][a-z-]*)/g))
      if (!known.has(flag)) return `no flag --${flag}`;
    const second = rest.slice(rest.indexOf(verb) + 1).find((word) => !word.startsWith('-'));
    // A second word in small letters is one of the words of the usage line (`trust lead`, `policy show`).
    const choices: readonly string[] = command.usage.match(/(?<![-\w])[a-z]{3,}(?![\w-])/g) ?? [];
    if (/^[a-z]+$/.test(second ?? '') && /^[[(]?[a-z]/.test(command.usage) && !choices.includes(second ?? ''))
      return `no ${second} after ${verb}`;
  }
  return undefined;
}

/** The anchors of a page's headings, as the usual readers of Markdown make them. */
function anchorsOf(path: string): Set<string> {
  const headings = [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

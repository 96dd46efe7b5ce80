// The laws of the house that an import can break, for dependency-cruiser. scripts/check/import-graph.ts runs them over the
// tree, over the tree of planted breaches, and refuses a run that saw no module. Paths are relative to the tree's root.

const library = (...names) => `(^|/)node_modules/(${names.join('|')})/`;
const protocolLibraries = ['typebox', 'jose', 'libsodium-wrappers', '@noble/hashes'];
/** Node's own modules as dependency-cruiser spells them: `fs`, `fs/promises`. Our files carry an extension. */
const nodeModule = '^[a-z_0-9]+/?[a-z_]*$';
const product = '^(protocol|sql|host|node|coordinator)/';
const pure = '^(sql/(circe|analysis)|protocol/(disclosure|aggregate))/';

const forbidden = [
  {
    name: 'law-1-protocol-imports',
    comment: 'protocol/ runs in a browser: itself, typebox, jose, libsodium-wrappers and @noble/hashes only.',
    from: { path: '^protocol/' },
    to: { pathNot: ['^protocol/', library(...protocolLibraries)] },
  },
  {
    name: 'law-2-sql-imports',
    comment: 'sql/ is pure: itself, protocol/, and libraries that do no I/O.',
    from: { path: '^sql/' },
    to: { pathNot: ['^(sql|protocol)/', library('typebox', 'kysely', '@noble/hashes')] },
  },
  {
    name: 'law-2-pure-reaches-node',
    comment: 'The pure rooms reach no module of Node: no I/O.',
    from: { path: pure },
    to: { path: nodeModule, reachable: true },
  },
  {
    name: 'law-2-pure-reaches-driver',
    comment: "The pure rooms reach no driver and no server: Kysely's builder is allowed, pg is not.",
    from: { path: pure },
    to: { path: library('(?!(typebox|kysely|jose|libsodium-wrappers|@noble/hashes)/).+'), reachable: true },
  },
  {
    name: 'law-3-node-apart',
    comment: 'A hospital never holds code of the centre.',
    from: { path: '^node/' },
    to: { path: '^coordinator/' },
  },
  {
    name: 'law-3-coordinator-apart',
    comment: 'The centre never holds code of a hospital.',
    from: { path: '^coordinator/' },
    to: { path: '^node/' },
  },
  {
    name: 'law-3-parties-apart',
    comment: 'Hub, lead and vendor share a street, not a house.',
    from: { path: '^coordinator/([^/]+)/' },
    to: { path: '^coordinator/', pathNot: '^coordinator/$1/' },
  },
  {
    name: 'law-3-nothing-imports-the-tops',
    comment: 'compose/demo, test/bench, test/attack and moim.ts may import all; only tests may import them.',
    from: { pathNot: ['^(compose/demo|test)/', '^moim\\.ts$'] },
    to: { path: '^(compose/demo/|test/bench/|test/attack/|moim\\.ts$)' },
  },
  {
    name: 'law-3-host-imports',
    comment:
      'host/ is what a process stands on: protocol, migrations and their tables, libraries and Node only.',
    from: { path: '^host/' },
    to: { path: '^(node|coordinator|sql|compose|scripts|test)/', pathNot: '^sql/(migrations|tables)/' },
  },
  {
    name: 'law-4-coordinator-sql',
    comment: 'The centre reads definitions and pools cells; of sql/ it imports these files and no other.',
    from: { path: '^coordinator/' },
    to: {
      path: '^sql/',
      pathNot: [
        '^sql/circe/(expression|read|check|describe)(/|\\.ts$)',
        '^sql/analysis/[^/]+/(spec|cells|pool)(/|\\.ts$)',
        '^sql/(migrations/hub|tables)/',
      ],
    },
  },
  {
    name: 'law-4-hub-tables-only',
    comment: "The hub's tables are the hub's.",
    from: { path: '^coordinator/(?!hub/)' },
    to: { path: '^sql/(migrations/hub|tables)/' },
  },
  {
    name: 'law-4-coordinator-reaches-sql-text',
    comment:
      'SQL is born inside the hospital: the centre reaches neither the compiler nor the SQL of an analysis.',
    from: { path: '^coordinator/' },
    to: { path: ['^sql/circe/compile(/|\\.ts$)', '^sql/analysis/[^/]+/sql(/|\\.ts$)'], reachable: true },
  },
  {
    name: 'law-5-dcmjs',
    comment: 'dcmjs only in node/dicom.',
    from: { pathNot: '^(node/dicom|test)/' },
    to: { path: ['^dcmjs', library('dcmjs[a-z-]*')] },
  },
  {
    name: 'law-5-libsodium',
    comment: 'libsodium only in protocol/seal, protocol/keys and protocol/aggregate.',
    from: { pathNot: ['^protocol/(seal|keys|aggregate)(/|\\.ts$)', '^test/'] },
    to: { path: library('libsodium[a-z-]*') },
  },
  {
    name: 'law-6-routes-db',
    comment: 'A route asks the room behind it; it never speaks to the database.',
    from: { path: '/routes/' },
    to: { path: ['/db/', '^host/postgres/', library('pg', 'pg-copy-streams', 'kysely')] },
  },
  {
    name: 'law-7-console-imports',
    comment: 'A console imports protocol, its own api/ and itself.',
    from: { path: '^(.+)/console/' },
    to: { path: '^(?!node_modules/)[^.]', pathNot: ['^protocol/', '^$1/(api|console)/'] },
  },
  {
    name: 'law-8-nothing-imports-tests',
    comment: 'What is shipped never imports test/; the runner in scripts/ may.',
    from: { pathNot: '^(test|scripts)/' },
    to: { path: '^test/' },
  },
  {
    name: 'law-8-nothing-imports-main',
    comment: 'A main.ts is started, never imported.',
    from: {},
    to: { path: '(^|/)main\\.ts$' },
  },
  {
    name: 'unresolvable',
    comment: 'Every import is found on disk.',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'no-development-library',
    comment: 'What a hospital runs needs no development dependency.',
    from: { path: product },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['type-only'] },
  },
];

export default {
  forbidden: forbidden.map((rule) => ({ ...rule, severity: 'error' })),
  options: {
    // Seen from the project's root; the tree of planted breaches is also a root of its own.
    exclude: { path: '^test/architecture/breach/' },
    doNotFollow: { path: 'node_modules' },
    // `import type` counts: the laws speak of what a file knows, not only of what runs.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.cjs', '.js', '.json'],
    },
  },
};

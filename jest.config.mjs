/** Tests run as native ES modules; SWC only strips the types, `npm run check` type-checks them. */
const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: '<rootDir>/test/harness/plain-globals.mjs',
  runtime: '<rootDir>/test/harness/kept-modules.mjs',
  globalTeardown: '<rootDir>/test/harness/end-of-run.mjs',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2024', experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
      },
    ],
  },
};

/**
 * Suites that start what is on the machine: Terraform, a browser, DynamoDB Local, npm, git, whole commands. The rest of what
 * is no end-to-end test runs in Jest's own processes.
 */
const STARTING_PROGRAMS = [
  'test/adapters/dynamo-store.test.ts',
  'test/adapters/repository-heads.test.ts',
  'test/buildspecs/(apply|commit-object|file-names|foreign-modules|hcl-of-engine|kept-tree|plan|plan-file|program-process|same-variables|submodules|synthesized-builds|target-endpoint|install-release|module-identities|opentofu|unreadable-configuration).test.ts',
  'test/buildspecs/providers/',
  'test/domain/on-dynamodb.test.ts',
  'test/local/(local-cloud|main).test.ts',
  'test/local/(git/git-watcher|targets/target-accounts).test.ts',
  'test/local/(codebuild|programs)/',
  'test/local/services/dynamodb.test.ts',
  'test/pages/in-a-browser.test.ts',
  'test/cli/board/in-a-browser.test.ts',
  'test/cli/propose/propose.test.ts',
  'test/cli/commands/(propose|init).test.ts',
  'test/scripts/',
];
const ofPrograms = (path) => `<rootDir>/${path.replaceAll('.', '\\.')}`;

export default {
  projects: [
    {
      ...shared,
      globalSetup: '<rootDir>/test/harness/run-directory.mjs',
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        '/test/e2e/',
        '/test/cases/',
        '/test/adversary/',
        '/test/faults/',
        ...STARTING_PROGRAMS.map(ofPrograms),
      ],
    },
    {
      ...shared,
      globalSetup: '<rootDir>/test/harness/shared-dynamodb.mjs',
      displayName: 'programs',
      testRegex: STARTING_PROGRAMS.map(
        (path) => `/${path.replaceAll('.', '\\.')}${path.endsWith('/') ? '.*\\.test\\.ts$' : '$'}`,
      ),
    },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['e2e', 'cases', 'adversary', 'faults'].map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
      globalSetup: '<rootDir>/test/e2e/global-setup.mjs',
    },
  ],
  reporters: ['default', '<rootDir>/test/harness/slowest-suites.mjs', '<rootDir>/test/harness/declared-problems.mjs'],
  // Twice what a test waits for a single thing: nothing that goes on, however slowly, ends by the clock.
  testTimeout: 10 * 60_000,
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/harness/longest-first.mjs',
  // Suites leave memory behind, and a large process collects garbage and starts programs slowly.
  workerIdleMemoryLimit: '600MB',
};

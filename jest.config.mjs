/** Tests run as native ES modules; SWC only strips the types, `npm run check` type-checks them. */
const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
};

export default {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      globalSetup: '<rootDir>/test/run-directory.mjs',
      globalTeardown: '<rootDir>/test/remove-run-directory.mjs',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/test/e2e/'],
    },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
      globalSetup: '<rootDir>/test/e2e/global-setup.mjs',
    },
  ],
  reporters: ['default', '<rootDir>/test/slowest-suites.mjs'],
  testTimeout: 120_000,
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/longest-first.mjs',
  // Suites leave memory behind, and a large process collects garbage and starts programs slowly.
  workerIdleMemoryLimit: '600MB',
};

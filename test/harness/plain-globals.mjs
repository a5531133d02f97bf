import vm from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest's own environment with a global object as Node.js has it. Jest gives a suite a global object behind a `Proxy`, to
 * find what a suite leaves there, and each use of `Array`, `JSON` or `Error` goes through it: a third of the processor time
 * of suites that run rules in memory (ADR 107).
 */
class PlainGlobals extends TestEnvironment {
  constructor(config, context) {
    const { createContext } = vm;
    let contexts = 0;
    vm.createContext = () => {
      contexts++;
      return createContext(vm.constants.DONT_CONTEXTIFY);
    };
    try {
      super(config, context);
    } finally {
      vm.createContext = createContext;
    }
    // Imported by Node.js itself: Jest refuses what a program imports late, between two tests (`outside-of-jest.ts`).
    this.global.importInProcessBuilds = () => import('./in-process-builds.ts');
    if (contexts !== 1) throw new Error(`jest-environment-node made ${contexts} contexts instead of one`);
    this.variables = { ...this.global.process.env };
  }

  /** Ends a suite. The next one finds real timers and the environment variables of the first. */
  async teardown() {
    this.fakeTimersModern.useRealTimers();
    const { env } = this.global.process;
    for (const name of Object.keys(env)) if (!(name in this.variables)) delete env[name];
    Object.assign(env, this.variables);
  }
}

/** Tells whether Jest runs suites again when files change. */
export const isWatching = ({ watch, watchAll }) => watch || watchAll;

let kept;

/**
 * Returns the environment of all suites of this worker: modules that stay (`kept-modules.mjs`) belong to its globals. While
 * Jest watches files, each suite has an environment of its own.
 */
export default function environmentOfWorker(config, context) {
  if (isWatching(config.globalConfig)) return new PlainGlobals(config, context);
  kept ??= new PlainGlobals(config, context);
  return kept;
}

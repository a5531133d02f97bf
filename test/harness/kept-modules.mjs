import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isWatching } from './plain-globals.mjs';

const requireHere = createRequire(import.meta.url);
const { default: Runtime } = requireHere('jest-runtime');

const PROJECT = path.join(import.meta.dirname, '..', '..', path.sep);
const TESTS = path.join(PROJECT, 'test', path.sep);
/** The module of Jest that has what a suite declares and who hears of it. It is loaded anew for each suite. */
const DECLARATIONS = path.join(path.dirname(requireHere.resolve('jest-circus')), 'jestAdapterInit.js');
const LISTENERS = Symbol.for('EVENT_HANDLERS');

/** Jest's registry has file URLs for ES modules, paths for CommonJS, and names for what Node.js and Jest have. */
function isKept(key, module) {
  if (module instanceof Promise || key.startsWith('@jest/globals/')) return false;
  if (key.startsWith('node:')) return true;
  const file = key.startsWith('file:') ? fileURLToPath(key) : key;
  return file.startsWith(PROJECT) && !file.startsWith(TESTS);
}

/**
 * Jest's own runtime, which keeps the modules of the product and of its packages from suite to suite. Jest loads all of them
 * again for each suite, and Node.js compiles them again (ADR 108). What lies in `test/` is new for each suite.
 */
class KeptModules extends Runtime {
  /** Ends a suite. The worker goes on with this runtime. */
  teardown() {
    this.restoreAllMocks();
    const { moduleRegistry, esModuleRegistry, internalModuleRegistry } = this.registries;
    for (const registry of [moduleRegistry, esModuleRegistry]) {
      for (const [key, module] of registry) if (!isKept(key, module)) registry.delete(key);
    }
    if (!internalModuleRegistry.delete(DECLARATIONS)) throw new Error(`Jest has not loaded ${DECLARATIONS}`);
    if (!Reflect.deleteProperty(this._environment.global, LISTENERS))
      throw new Error('Jest keeps the listeners of suites');
    this.jestGlobals.clearJestObjectCache();
    this.testMainModule.reset();
    this.fileCache.clear();
  }

  begin(suite) {
    if (typeof this.testState.state !== 'string') throw new Error('Jest does not keep what a suite is at as a word');
    this._testPath = suite;
    this.testState.state = 'loading';
  }
}

let kept;

/**
 * Returns the runtime of all suites of this worker, ready for the next one. While Jest watches files, each suite has a runtime
 * of its own, because the product changes.
 */
export default function runtimeOfWorker(...args) {
  const [, , , , , , suite, globalConfig] = args;
  if (isWatching(globalConfig)) return new Runtime(...args);
  kept ??= new KeptModules(...args);
  kept.begin(suite);
  return kept;
}

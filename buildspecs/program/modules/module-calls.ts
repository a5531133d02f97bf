import type { InstalledModule } from '../configuration/installed-modules.ts';

export interface ModuleCall extends InstalledModule {
  /** Address without indexes, such as `module.web.module.logs`. */
  readonly address: string;
}

/**
 * Returns the calls of modules among what `init` installed: the key `web.logs` is the call `module.web.module.logs`. The
 * root module is none. The engine also installs modules that only tests use, under keys whose beginnings are no module;
 * they are not part of a plan.
 */
export function moduleCallsOf(installed: readonly InstalledModule[]): ModuleCall[] {
  const keys = new Set(installed.map(({ Key }) => Key));
  const isCalled = (names: readonly string[]) => names.every((_, at) => keys.has(names.slice(0, at + 1).join('.')));
  return installed.flatMap((module): ModuleCall[] => {
    const names = module.Key.split('.');
    if (module.Key === '' || !isCalled(names)) return [];
    return [{ ...module, address: names.map((name) => `module.${name}`).join('.') }];
  });
}

import { moduleAddress, segmentsOf, within, withoutIndex } from './address.ts';
import type { ConfiguredModule, ConfiguredResource, ModuleCall, Plan } from './plan-schema.ts';

/** A resource block of the configuration, with the module that contains it. */
export interface Block {
  /** Address without keys: `module.web.aws_subnet.public`, `data.aws_region.current`. */
  readonly id: string;
  /** Address of its module without keys. */
  readonly module: string;
  readonly resource: ConfiguredResource;
}

/** A module of the configuration; the root has no call. */
export interface Module {
  readonly names: readonly string[];
  readonly address: string;
  readonly content: ConfiguredModule;
  readonly call: ModuleCall | undefined;
}

/** Returns the address of a resource in the configuration. Modes other than managed are a prefix (`data.`). */
export const blockId = (
  module: string,
  { mode, type, name }: Pick<ConfiguredResource, 'mode' | 'type' | 'name'>,
): string => within(module, `${mode === 'managed' ? '' : `${mode}.`}${type}.${name}`);

/** Removes the keys: `module.tenant["acme"].aws_subnet.public[0]` becomes `module.tenant.aws_subnet.public`. */
export const blockIdOfAddress = (address: string): string => segmentsOf(address).map(withoutIndex).join('.');

/** Returns all modules of the configuration, the root first, each before its children. */
export function modulesOf(plan: Plan): Module[] {
  const root = plan.configuration?.root_module;
  if (!root) return [];
  const modules: Module[] = [{ names: [], address: '', content: root, call: undefined }];
  for (const { names, content } of modules)
    for (const [name, call] of Object.entries(content.module_calls ?? {})) {
      const path = [...names, name];
      modules.push({ names: path, address: moduleAddress(path), content: call.module ?? {}, call });
    }
  return modules;
}

/** Returns the resource blocks of the configuration by their address. */
export const blocksOf = (modules: readonly Module[]): Map<string, Block> =>
  new Map(
    modules.flatMap(({ address, content }) =>
      (content.resources ?? []).map((resource): [string, Block] => {
        const id = blockId(address, resource);
        return [id, { id, module: address, resource }];
      }),
    ),
  );

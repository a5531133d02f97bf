import * as z from 'zod';

const ModuleSchema = z.object({
  resources: z.array(z.object({ mode: z.string() })).default([]),
  get child_modules() {
    return z.array(ModuleSchema).default([]);
  },
});
type Module = z.infer<typeof ModuleSchema>;

/** An empty state has no values at all. */
const StateSchema = z.object({ values: z.object({ root_module: ModuleSchema.optional() }).optional() });

const countIn = ({ resources, child_modules }: Module): number =>
  resources.filter(({ mode }) => mode === 'managed').length +
  child_modules.reduce((sum, child) => sum + countIn(child), 0);

/** Managed resources, deposed ones included, in a state as `show -json` prints it. */
export function countManaged(state: unknown): number {
  const root = StateSchema.parse(state).values?.root_module;
  return root ? countIn(root) : 0;
}

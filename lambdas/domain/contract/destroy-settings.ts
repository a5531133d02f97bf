import * as z from 'zod';

/** Settings of a `lifecycle` block with which the engine refuses to destroy an object, or leaves it behind. */
export const DESTROY_SETTINGS = ['prevent_destroy', 'destroy'] as const;

/** A resource of the configuration that the engine does not destroy. No printed plan says this. */
export const UndestroyedSchema = z.strictObject({
  /** Address of the resource without indexes, such as `module.db.aws_db_instance.main`. */
  address: z.string().min(1).max(4000),
  setting: z.enum(DESTROY_SETTINGS),
  /** Path in the repository, in a form that people can read. */
  file: z.string().max(1024),
  line: z.int().min(1),
  /** Whether the value is written down as a literal. Another value is known to the engine alone. */
  isLiteral: z.boolean(),
});
export type Undestroyed = z.infer<typeof UndestroyedSchema>;

/** Most resources that are listed. */
export const MOST_UNDESTROYED = 500;

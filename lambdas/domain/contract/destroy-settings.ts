import * as z from 'zod';

/** Settings of a `lifecycle` block with which the engine refuses to destroy an object, or leaves it behind. */
export const DESTROY_SETTINGS = ['prevent_destroy', 'destroy'] as const;

/** Most characters of an address and of a path. */
export const MOST_CHARACTERS = 4000;

/** A resource of the configuration that the engine does not destroy. No printed plan says this. */
export const UndestroyedSchema = z.strictObject({
  /**
   * Address of the resource without indexes, such as `module.db.aws_db_instance.main`; ends with `*` if it is not known
   * which resources of a file are meant.
   */
  address: z.string().min(1).max(MOST_CHARACTERS),
  setting: z.enum(DESTROY_SETTINGS),
  /** Path in the repository, in a form that people can read. */
  file: z.string().max(MOST_CHARACTERS),
  line: z.int().min(1),
  /** Whether the value is written down as a literal. Another value is known to the engine alone. */
  isLiteral: z.boolean(),
  /** Whether Stagegate does not understand the file from this line on, and the file names the setting. */
  isUnread: z.literal(true).optional(),
});
export type Undestroyed = z.infer<typeof UndestroyedSchema>;

/** Most resources that are listed. */
export const MOST_UNDESTROYED = 500;

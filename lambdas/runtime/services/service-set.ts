import * as z from 'zod';

/** A process environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Services that a function uses, with the environment variables from which they are made. Each service is a set of one;
 * `and` joins two sets.
 */
export class ServiceSet<Variables extends z.ZodRawShape, Services extends object> {
  /** The schemas of the variables, by name. */
  readonly variables: Variables;
  readonly #create: (environment: Environment) => Services;

  constructor(variables: Variables, create: (environment: Environment) => Services) {
    this.variables = variables;
    this.#create = create;
  }

  and<MoreVariables extends z.ZodRawShape, MoreServices extends object>(
    more: ServiceSet<MoreVariables, MoreServices>,
  ): ServiceSet<Variables & MoreVariables, Services & MoreServices> {
    return new ServiceSet({ ...this.variables, ...more.variables }, (environment) => ({
      ...this.#create(environment),
      ...more.#create(environment),
    }));
  }

  /**
   * Makes the services. Throws at cold start when variables are missing or wrong, and names all of them. An adapter is
   * loaded when it is first used.
   */
  from(environment: Environment): Services {
    z.object(this.variables).parse(environment);
    return this.#create(environment);
  }
}

/** Defines one service, or a few that need the same variables. */
export function service<Variables extends z.ZodRawShape, Services extends object>(
  variables: Variables,
  create: (values: z.output<z.ZodObject<Variables>>) => Services,
): ServiceSet<Variables, Services> {
  const schema = z.object(variables);
  return new ServiceSet(variables, (environment) => create(schema.parse(environment)));
}

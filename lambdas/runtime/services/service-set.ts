import * as z from 'zod';

/** A process environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Services that a function uses: the environment variables they need, and how they are made of these. Each service is a
 * set of one; `and` makes larger sets of them.
 */
export class ServiceSet<Variables extends z.ZodRawShape, Services extends object> {
  /** A schema for every variable, by its name. */
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
      ...this.from(environment),
      ...more.from(environment),
    }));
  }

  /** Throws at cold start, naming the variable that is missing. An adapter is loaded when it is first used. */
  from(environment: Environment): Services {
    return this.#create(environment);
  }
}

/** One service, or a few that need the same variables. */
export function service<Variables extends z.ZodRawShape, Services extends object>(
  variables: Variables,
  create: (values: z.output<z.ZodObject<Variables>>) => Services,
): ServiceSet<Variables, Services> {
  const schema = z.object(variables);
  return new ServiceSet(variables, (environment) => create(schema.parse(environment)));
}

import { AwsError } from '../../door/wire.ts';
import { DEFAULT_EVENT_INVOKE_CONFIG, type EventInvokeConfig } from './async-invocations.ts';
import type { LocalFunction } from './local-function.ts';
import type { PermissionStatement } from './permission-statement.ts';

/** The functions of one account and region, with the template's settings for each. */
export class FunctionStore {
  readonly #functions = new Map<string, LocalFunction>();
  readonly #statements = new Map<string, PermissionStatement[]>();
  readonly #eventConfigs = new Map<string, EventInvokeConfig>();
  readonly #arnPrefix: string;

  constructor({ accountId, region }: { readonly accountId: string; readonly region: string }) {
    this.#arnPrefix = `arn:aws:lambda:${region}:${accountId}:function:`;
  }

  arnOf(nameOrArn: string): string {
    return `${this.#arnPrefix}${nameOf(nameOrArn)}`;
  }

  put(target: LocalFunction): void {
    this.#functions.set(target.name, target);
  }

  find(name: string): LocalFunction | undefined {
    return this.#functions.get(name);
  }

  require(nameOrArn: string): LocalFunction {
    const found = this.#functions.get(nameOf(nameOrArn));
    if (!found) throw new AwsError('ResourceNotFoundException', `Function not found: ${this.arnOf(nameOrArn)}`, 404);
    return found;
  }

  list(): LocalFunction[] {
    return [...this.#functions.values()];
  }

  /** Adds a statement to the function's resource policy and returns all of its statements. */
  addStatement({ arn }: LocalFunction, statement: PermissionStatement): readonly PermissionStatement[] {
    const statements = [...(this.#statements.get(arn) ?? []), statement];
    this.#statements.set(arn, statements);
    return statements;
  }

  hasRoute({ arn }: LocalFunction): boolean {
    const statements = this.#statements.get(arn) ?? [];
    return statements.some(
      ({ Principal }) => 'Service' in Principal && Principal.Service === 'apigateway.amazonaws.com',
    );
  }

  setEventConfig({ name }: LocalFunction, config: EventInvokeConfig): void {
    this.#eventConfigs.set(name, config);
  }

  eventConfig(name: string): EventInvokeConfig {
    return this.#eventConfigs.get(name) ?? DEFAULT_EVENT_INVOKE_CONFIG;
  }
}

const nameOf = (nameOrArn: string): string =>
  nameOrArn.replace(/^arn:aws:lambda:[^:]*:\d*:function:/, '').replace(/:\$LATEST$/, '');

import { AwsError } from '../../door/wire.ts';
import { DEFAULT_EVENT_INVOKE_CONFIG, type EventInvokeConfig } from './async-invocations.ts';
import type { LocalFunction } from './local-function.ts';
import type { PermissionStatement } from './permission-statement.ts';

/** The functions of one account and region, with the template's settings for each. */
export class FunctionStore {
  readonly #functions = new Map<string, LocalFunction>();
  /** Functions that were taken away; their last invocations may still run. */
  readonly #retired: LocalFunction[] = [];
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
    if (this.#functions.has(target.name)) throw new Error(`function ${target.name} exists already`);
    this.#functions.set(target.name, target);
  }

  /** Takes a function away. As in AWS, invocations that have begun end with the code with which they began. */
  retire(target: LocalFunction): void {
    this.#functions.delete(target.name);
    this.#retired.push(target);
    target.retire();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#functions.values(), ...this.#retired].map((target) => target.stop()));
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

  /** Takes a statement away and returns the others. */
  removeStatement({ arn }: LocalFunction, statement: PermissionStatement): readonly PermissionStatement[] {
    const statements = (this.#statements.get(arn) ?? []).filter((each) => each !== statement);
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

  removeEventConfig({ name }: LocalFunction): void {
    this.#eventConfigs.delete(name);
  }

  eventConfig(name: string): EventInvokeConfig {
    return this.#eventConfigs.get(name) ?? DEFAULT_EVENT_INVOKE_CONFIG;
  }
}

const nameOf = (nameOrArn: string): string =>
  nameOrArn.replace(/^arn:aws:lambda:[^:]*:\d*:function:/, '').replace(/:\$LATEST$/, '');

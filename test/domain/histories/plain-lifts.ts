interface GivenLift {
  readonly environment: string;
  readonly subject: string;
  readonly at: string;
  /** The call of the module that it names; undefined for an engine. */
  readonly call: string | undefined;
  /** Number of the commit that gave it. */
  readonly commit: number;
  /** The deployment that has used it. */
  user?: string | undefined;
  /** True once the environment that it was given for is gone. */
  isVoid: boolean;
}

/** One lift as a record shows it. */
export interface ShownLift {
  readonly environment: string;
  readonly subject: string;
  readonly at: string;
}

const WEEK_MS = 7 * 24 * 3600_000;

/** Every lift of proof that was ever given, in a plain list. */
export class PlainLifts {
  #given: GivenLift[] = [];

  copy(): PlainLifts {
    const copy = new PlainLifts();
    copy.#given = structuredClone(this.#given);
    return copy;
  }

  /** A lift that names another call takes the place of one that nobody has used. */
  give(lift: ShownLift & Pick<GivenLift, 'call'>, commit: number): void {
    for (const other of this.#given)
      if (other.environment === lift.environment && other.subject === lift.subject && other.user === undefined)
        other.isVoid = true;
    this.#given.push({ ...lift, commit, isVoid: false });
  }

  /** The environment was made, so lifts of an earlier one with its name do not count. */
  made(environment: string): void {
    for (const lift of this.#given) if (lift.environment === environment) lift.isVoid = true;
  }

  /** Returns whether there is a lift that a plan of this commit may use now for what is called so. */
  isUsable(
    { environment, subject, calls }: Pick<ShownLift, 'environment' | 'subject'> & { readonly calls: readonly string[] },
    plan: number,
    now: string,
  ): boolean {
    return this.#given.some(
      (lift) =>
        lift.environment === environment &&
        lift.subject === subject &&
        (lift.call === undefined || calls.includes(lift.call)) &&
        whyUnusable(lift, plan, now) === undefined,
    );
  }

  /** Uses a lift up. Returns why it could not be used by a plan of that commit, if there is a reason. */
  use(shown: ShownLift, user: string, plan: number, now: string): string | undefined {
    const lift = this.#find(shown);
    if (!lift) return 'nobody has given it';
    const why = whyUnusable(lift, plan, now);
    lift.user = user;
    return why;
  }

  /** Makes a lift usable again that this deployment had used. Returns why that is wrong, if there is a reason. */
  free(shown: ShownLift, user: string): string | undefined {
    const lift = this.#find(shown);
    if (lift?.user !== user) return `it was used by ${lift?.user}`;
    lift.user = undefined;
    return undefined;
  }

  #find({ environment, subject, at }: ShownLift): GivenLift | undefined {
    return this.#given.find((lift) => lift.environment === environment && lift.subject === subject && lift.at === at);
  }
}

function whyUnusable({ user, isVoid, at, commit }: GivenLift, plan: number, now: string): string | undefined {
  if (user !== undefined) return `${user} has used it`;
  if (commit >= plan) return 'it was given after the plan was made';
  if (isVoid) return 'it was replaced, or given for an environment that is gone';
  return Date.parse(now) < Date.parse(at) + WEEK_MS ? undefined : 'it has expired';
}

import { EVENTS, type EventDetail, type EventName } from '../../lambdas/domain/events.ts';
import type { EventBus } from '../../lambdas/domain/ports.ts';

export interface PublishedEvent {
  readonly name: EventName;
  readonly detail: Record<string, unknown>;
}

/** Keeps what was published, each event parsed by the schema its consumers share. */
export class InMemoryEventBus implements EventBus {
  readonly published: PublishedEvent[] = [];

  async publish<Name extends EventName>(name: Name, detail: EventDetail<Name>): Promise<void> {
    this.published.push({ name, detail: EVENTS[name].parse(detail) });
  }

  names(): EventName[] {
    return this.published.map(({ name }) => name);
  }
}

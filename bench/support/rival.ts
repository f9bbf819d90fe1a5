/** What can be asked to do one claim and one post. Each call is another lane, and one of ten topics. */
export interface Rival {
  readonly name: string
  readonly notes: readonly string[]
  claim(lane: string, owner: string, leaseMs: number): Promise<unknown>
  post(topic: string, sender: string, body: string): Promise<unknown>
}

/** What questions need from outside: the user's browser. */
export interface Browser {
  /** Hands a link over, and answers whether there was somebody to hand it to. */
  open(url: string): Promise<boolean>;
}

export interface KitCase {
  id: string;
  name: string;
  tries: string;
  attack: string[];
  twin: string[];
  events: string[];
  marks: Set<string>;
  technique: {
    file: string;
    name: string;
    title: string;
    family: string;
    facts: string;
    witness: string;
    silent?: string;
  };
}
export function readCases(): KitCase[];

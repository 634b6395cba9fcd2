-- Where the datasets came from that runs have as inputs which were not deleted.
SELECT d.name, d.source FROM datasets d
WHERE EXISTS (
  SELECT 1 FROM run_inputs i JOIN runs r ON r.run_seq = i.run_seq
  WHERE i.dataset_seq = d.dataset_seq AND r.lifecycle = 'active')

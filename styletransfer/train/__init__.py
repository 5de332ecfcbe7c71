"""The main job: ``python -m styletransfer.train`` turns a photo into a painting."""

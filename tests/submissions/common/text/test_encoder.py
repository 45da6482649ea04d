"""Language models from folders, what is frozen, and that no pickle runs."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForPreTraining, BertModel

from lovt_bench.submissions.common.errors import PretrainingError
from lovt_bench.submissions.common.text.encoder import TextEncoder, pretrained_text_model, small_text_model
from lovt_bench.submissions.common.text.tokeniser import ReportTokeniser

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "no", "effusion", "."]
REPORTS = [["No effusion.", "no"], ["effusion"]]
SIZES: Any = {
    "vocab_size": 7,
    "hidden_size": 8,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 20,
}


@pytest.fixture
def bert() -> BertModel:
    torch.manual_seed(0)
    return BertModel(BertConfig(**SIZES), add_pooling_layer=False)


@pytest.fixture
def folder(tmp_path: Path, bert: BertModel) -> Path:
    bert.save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    return tmp_path


def same(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    left, right = a.state_dict(), b.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def test_a_folder_with_safetensors(folder: Path, bert: BertModel):
    (folder / "pytorch_model.bin").write_bytes(b"never read")
    loaded, tokeniser = pretrained_text_model(str(folder))
    assert same(loaded, bert)
    assert (tokeniser.size, tokeniser.limit) == (7, 20)


def test_a_folder_of_the_published_kind_with_heads_and_a_pickle(tmp_path: Path):
    torch.manual_seed(0)
    whole = BertForPreTraining(BertConfig(**SIZES))
    whole.config.save_pretrained(tmp_path)
    torch.save(whole.state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    loaded, _ = pretrained_text_model(str(tmp_path))
    name = "encoder.layer.2.output.dense.weight"
    assert torch.equal(loaded.get_parameter(name), whole.bert.get_parameter(name))
    assert loaded.pooler is None


class Trap:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


def test_a_pickle_with_code_is_refused_and_not_run(folder: Path, tmp_path_factory):
    trace = tmp_path_factory.mktemp("trace") / "ran"
    (folder / "model.safetensors").unlink()
    torch.save({"a": Trap(str(trace))}, folder / "pytorch_model.bin", pickle_module=pickle)
    with pytest.raises(PretrainingError, match="cannot be loaded"):
        pretrained_text_model(str(folder))
    assert not trace.exists()


def test_weights_of_another_model_are_refused(folder: Path):
    torch.save({"something": torch.ones(2)}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(PretrainingError, match="its weights lack embeddings"):
        pretrained_text_model(str(folder))


def test_another_architecture_is_named(folder: Path):
    (folder / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(PretrainingError, match="expected a BERT model, found model_type 'gpt2'"):
        pretrained_text_model(str(folder))


def test_a_vocabulary_larger_than_the_model_is_named(folder: Path):
    (folder / "vocab.txt").write_text("\n".join([*VOCABULARY, "more"]) + "\n")
    with pytest.raises(PretrainingError, match="8 tokens in the vocabulary, 7 in the model"):
        pretrained_text_model(str(folder))


def test_embeddings_and_first_layers_do_not_learn(bert: BertModel):
    encoder = TextEncoder(bert, frozen_layers=2)
    learns = {name.split("layer.")[-1][0] for name, p in encoder.named_parameters() if p.requires_grad}
    assert learns == {"2"}
    encoder(ReportTokeniser(VOCABULARY)(REPORTS)).sum().backward()
    assert {name for name, p in encoder.named_parameters() if p.grad is not None} == {
        name for name, p in encoder.named_parameters() if p.requires_grad
    }


@pytest.mark.parametrize("active", [True, False])
def test_dropout_of_frozen_parts(bert: BertModel, active: bool):
    encoder = TextEncoder(bert, frozen_layers=2, frozen_dropout=active).train()
    assert encoder.bert.embeddings.training is active
    assert encoder.bert.encoder.layer[1].training is active
    assert encoder.bert.encoder.layer[2].training
    assert not any(module.training for module in encoder.eval().modules())


def test_more_frozen_layers_than_there_are(bert: BertModel):
    with pytest.raises(PretrainingError, match="frozen_layers=6, but the text model has 3 layers"):
        TextEncoder(bert, frozen_layers=6)


def test_padding_does_not_change_a_report(bert: BertModel):
    encoder = TextEncoder(bert, frozen_layers=0).eval()
    tokeniser = ReportTokeniser(VOCABULARY)
    with torch.no_grad():
        together, alone = encoder(tokeniser(REPORTS)), encoder(tokeniser(REPORTS[1:]))
    torch.testing.assert_close(together[1, : alone.shape[1]], alone[0], atol=1e-5, rtol=1e-4)


def test_a_small_model_of_a_corpus():
    torch.manual_seed(0)
    bert, tokeniser = small_text_model(["No effusion.", "No edema."], layers=1, hidden=16, heads=2)
    assert bert.config.vocab_size == tokeniser.size
    assert tokeniser.unknown not in tokeniser.encode(["no edema."])[0]
    assert TextEncoder(bert, frozen_layers=0)(tokeniser([["No edema."]])).shape == (1, 5, 16)


def test_states_of_all_layers_and_the_attention_of_the_first_token_are_the_librarys(bert: BertModel):
    encoder = TextEncoder(bert.eval(), frozen_layers=0)
    tokens = ReportTokeniser(VOCABULARY)(REPORTS)
    with torch.no_grad():
        states = encoder.hidden_states(tokens)
        found = encoder.first_token_attention(states[-2], tokens.attention_mask)
        bert.set_attn_implementation("eager")
        whole = bert(input_ids=tokens.ids, attention_mask=tokens.attention_mask, output_attentions=True)
    assert len(states) == 4
    torch.testing.assert_close(states[-1], whole.last_hidden_state)
    torch.testing.assert_close(found, whole.attentions[-1][:, :, 0].mean(1))
    assert not found[tokens.attention_mask == 0].any()
